import type { JsonValue } from "../../protocol/json.ts";
import type { PatchOperation } from "../../protocol/problem.ts";
import { splitPointer } from "../parameters/json-path.ts";
import { joinParts } from "./units.ts";

const MAX_VALUE_LENGTH = 120;

function formatValue(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

/** Describes a JSON Pointer into a schema: `/properties/angle/default` becomes `angle: default`. */
function describePath(pointer: string): string {
  const parts = splitPointer(pointer);
  const subject = parts[0] === "result_schema" ? "the result" : "";
  const rest = subject === "" ? parts : parts.slice(1);
  const names: string[] = [];
  let index = 0;
  while (rest[index] === "properties" && rest[index + 1] !== undefined) {
    names.push(rest[index + 1] ?? "");
    index += 2;
  }
  const property = names.join(".");
  const keyword = rest.slice(index).join("/");
  const location = joinParts([property, keyword], ": ");
  return joinParts([subject, location]) || "the whole schema";
}

function describeOperation({ op, path, from, value }: PatchOperation): string {
  const location = describePath(path);
  if (op === "add") return `+ ${location}: added, ${formatValue(value)}`;
  if (op === "remove") return `- ${location}: removed`;
  if (op === "replace") return `~ ${location}: changed to ${formatValue(value)}`;
  return `~ ${location}: ${from === undefined ? "changed" : `${op === "move" ? "moved" : "copied"} from ${describePath(from)}`}`;
}

/**
 * Formats the differences between the registered schema and a new one. Each difference is a line.
 */
export function formatDiff(diff: readonly PatchOperation[]): string[] {
  return diff.map((operation) => `  ${describeOperation(operation)}`);
}
