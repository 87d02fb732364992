import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { keepValidDefaults } from "../../protocol/schema/keep-valid-defaults.ts";
import { resolveSchema } from "./resolve-schema.ts";

/** What text on a command line is read as; `any` is JSON where it can be read as JSON, and the text itself otherwise. */
export type ParameterKind = "text" | "number" | "integer" | "boolean" | "object" | "any";

/** One member of a job's payload, as the command line knows it. */
export interface Parameter {
  /** The names that lead to it, from the payload on. */
  readonly path: readonly string[];
  /** `box.size`: what stands behind the two dashes. */
  readonly flag: string;
  /** Of the value, or of each of several. */
  readonly kind: ParameterKind;
  /** May be given several times. */
  readonly isList: boolean;
  /** The only values that there are. */
  readonly choices: readonly JsonValue[] | undefined;
  /** Must be there wherever the object that it belongs to is. */
  readonly isRequired: boolean;
  /** Its members are parameters of their own. */
  readonly hasMembers: boolean;
  /** References followed, and with what stands beside them. */
  readonly schema: JsonObject;
}

/** Deeper members are told as JSON. */
const DEEPEST = 5;
/** A stranger's schema may double at each level. */
const MOST = 1000;
/** Other names would not be told from the rest of a command line; `--set` and `--file` say them. */
const FLAG = /^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u;

const KINDS: Readonly<Record<string, ParameterKind>> = {
  string: "text",
  number: "number",
  integer: "integer",
  boolean: "boolean",
  object: "object",
};

const listChoices = (schema: JsonObject): readonly JsonValue[] | undefined => {
  if (schema["const"] !== undefined) return [schema["const"]];
  return Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
};

const kindOf = ({ type, properties }: JsonObject): ParameterKind => {
  const types = (Array.isArray(type) ? type : [type]).filter((one) => one !== "null");
  const [name, ...others] = types;
  if (others.length > 0) return "any";
  if (name === undefined && isJsonObject(properties)) return "object";
  return (typeof name === "string" ? KINDS[name] : undefined) ?? "any";
};

const isListSchema = ({ type }: JsonObject) =>
  type === "array" || (Array.isArray(type) && type.every((one) => one === "array" || one === "null"));

const membersOf = (schema: JsonObject): readonly [string, JsonValue][] =>
  isJsonObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];

/**
 * Returns the parameters of a job's schema: required ones first, the members of an object after it, and only defaults that
 * satisfy the schema.
 */
export const getParameters = (given: JsonObject): Parameter[] => {
  const root = keepValidDefaults(given);
  const all: Parameter[] = [];
  const collect = (schema: JsonObject, path: readonly string[]) => {
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const members = membersOf(schema)
      .filter(([name]) => FLAG.test(name))
      .map(([name, member]) => ({ name, member, isRequired: required.includes(name) }))
      .sort((one, other) => Number(other.isRequired) - Number(one.isRequired));
    for (const { name, member, isRequired } of members) {
      if (all.length >= MOST) return;
      const own = resolveSchema(member, root);
      const isList = isListSchema(own);
      const value = isList ? resolveSchema(own["items"], root) : own;
      const kind = kindOf(value);
      const inner = [...path, name];
      const hasMembers = !isList && kind === "object" && inner.length < DEEPEST && membersOf(own).length > 0;
      const choices = listChoices(value);
      all.push({
        path: inner,
        flag: inner.join("."),
        kind,
        isList,
        choices,
        isRequired,
        hasMembers,
        schema: own,
      });
      if (hasMembers) collect(own, inner);
    }
  };
  collect(resolveSchema(root, root), []);
  return all;
};

/** Names of members that no flag can say. */
export const getUnsupportedNames = (root: JsonObject): string[] =>
  membersOf(resolveSchema(root, root))
    .map(([name]) => name)
    .filter((name) => !FLAG.test(name));
