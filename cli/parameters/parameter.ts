import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { keepValidDefaults } from "../../protocol/schema/keep-valid-defaults.ts";
import { FILE_KEYWORD } from "../../protocol/tasks/file.ts";
import { resolveSchema } from "./resolve-schema.ts";

/**
 * How the value of a flag is parsed. `any`: as JSON if the value is valid JSON, otherwise as text.
 * `file`: as the path of a local file, or the reference of an uploaded one.
 */
export type ParameterKind = "text" | "file" | "number" | "integer" | "boolean" | "object" | "any";

/** A member of a job's payload that can be set by a flag. */
export interface Parameter {
  /** The names of the members that lead from the payload to this member. */
  readonly path: readonly string[];
  /** The flag without dashes, such as `box.size`. */
  readonly flag: string;
  /** The kind of the value. For a list, the kind of its items. */
  readonly kind: ParameterKind;
  /** True if the flag can be repeated. */
  readonly isList: boolean;
  /** The allowed values of `enum` or `const`. */
  readonly choices: readonly JsonValue[] | undefined;
  /** True if the containing object requires this member. */
  readonly isRequired: boolean;
  /** True if the members of the value have their own parameters. */
  readonly hasMembers: boolean;
  /** The schema of the member, with resolved references. */
  readonly schema: JsonObject;
}

/** Maximum depth of members with their own flags. Deeper members are passed as JSON. */
const MAX_DEPTH = 5;
/**
 * Maximum number of parameters, because the size of an untrusted schema may double at each level.
 */
const MAX_PARAMETERS = 1000;
/** Names that are safe as flags; other members are passed with `--set` or `--payload-file`. */
const FLAG_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u;

const KINDS: Readonly<Record<string, ParameterKind>> = {
  string: "text",
  number: "number",
  integer: "integer",
  boolean: "boolean",
  object: "object",
};

function getChoices(schema: JsonObject): readonly JsonValue[] | undefined {
  if (schema["const"] !== undefined) return [schema["const"]];
  return Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
}

function getKind(schema: JsonObject): ParameterKind {
  const { type, properties } = schema;
  if (schema[FILE_KEYWORD] !== undefined) return "file";
  const types = (Array.isArray(type) ? type : [type]).filter((name) => name !== "null");
  const [name, ...others] = types;
  if (others.length > 0) return "any";
  if (name === undefined && isJsonObject(properties)) return "object";
  return (typeof name === "string" ? KINDS[name] : undefined) ?? "any";
}

function isListSchema({ type }: JsonObject) {
  return (
    type === "array" || (Array.isArray(type) && type.every((name) => name === "array" || name === "null"))
  );
}

function getMembers(schema: JsonObject): readonly [string, JsonValue][] {
  return isJsonObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];
}

/**
 * Returns the parameters of a job's schema. Required parameters come first, and an object is
 * followed by its members. Defaults that do not satisfy the schema are removed.
 */
export function getParameters(jobSchema: JsonObject): Parameter[] {
  const root = keepValidDefaults(jobSchema);
  const all: Parameter[] = [];
  const collect = (schema: JsonObject, path: readonly string[]) => {
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const members = getMembers(schema)
      .filter(([name]) => FLAG_NAME.test(name))
      .map(([name, member]) => ({ name, member, isRequired: required.includes(name) }))
      .sort((left, right) => Number(right.isRequired) - Number(left.isRequired));
    for (const { name, member, isRequired } of members) {
      if (all.length >= MAX_PARAMETERS) return;
      const memberSchema = resolveSchema(member, root);
      const isList = isListSchema(memberSchema);
      const value = isList ? resolveSchema(memberSchema["items"], root) : memberSchema;
      const kind = getKind(value);
      const inner = [...path, name];
      const hasMembers =
        !isList && kind === "object" && inner.length < MAX_DEPTH && getMembers(memberSchema).length > 0;
      const choices = getChoices(value);
      all.push({
        path: inner,
        flag: inner.join("."),
        kind,
        isList,
        choices,
        isRequired,
        hasMembers,
        schema: memberSchema,
      });
      if (hasMembers) collect(memberSchema, inner);
    }
  };
  collect(resolveSchema(root, root), []);
  return all;
}

/** Returns the names of the payload's members that cannot be flags. */
export function getUnsupportedNames(root: JsonObject): string[] {
  return getMembers(resolveSchema(root, root))
    .map(([name]) => name)
    .filter((name) => !FLAG_NAME.test(name));
}
