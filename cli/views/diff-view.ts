import type { JsonValue } from "../../protocol/json.ts";
import type { PatchOperation } from "../../protocol/problem.ts";

const LONGEST_VALUE = 120;

const shown = (value: JsonValue | undefined): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
};

const unescapePart = (part: string) => part.replace(/~1/g, "/").replace(/~0/g, "~");

/** `/properties/angle/default` reads `angle: default`; what is no property keeps its own words. */
const findUserFrame = (pointer: string): string => {
  const parts = pointer.split("/").slice(1).map(unescapePart);
  const subject = parts[0] === "result_schema" ? "the result" : "";
  const rest = subject === "" ? parts : parts.slice(1);
  const names: string[] = [];
  let at = 0;
  while (rest[at] === "properties" && rest[at + 1] !== undefined) {
    names.push(rest[at + 1] ?? "");
    at += 2;
  }
  const property = names.join(".");
  const keyword = rest.slice(at).join("/");
  const place = [property, keyword].filter((part) => part !== "").join(": ");
  return [subject, place].filter((part) => part !== "").join(" ") || "the whole schema";
};

const sentence = ({ op, path, from, value }: PatchOperation): string => {
  const place = findUserFrame(path);
  if (op === "add") return `+ ${place} is new here: ${shown(value)}`;
  if (op === "remove") return `- ${place} is registered, and missing here`;
  if (op === "replace") return `~ ${place} is ${shown(value)} here, and something else as registered`;
  return `~ ${place} was ${from === undefined ? "changed" : `made from ${findUserFrame(from)}`}`;
};

/** Which properties of two schemas differ, a line each; `here` is the schema that was offered. */
export const formatDiff = (diff: readonly PatchOperation[]): string[] =>
  diff.map((operation) => `  ${sentence(operation)}`);
