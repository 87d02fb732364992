import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { resolveReferences } from "./references.ts";
import { SchemaDefaults } from "./schema-defaults.ts";

/** What these hold is no schema. */
const VALUES = new Set([
  "default",
  "examples",
  "example",
  "const",
  "enum",
  "required",
  "discriminator",
  "type",
]);
/** What these hold are schemas by name, or by pattern. */
const MAPS = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
  "dependencies",
]);

/** Deeper parts are returned as they are. The server rejects such schemas. */
const MAX_DEPTH = 128;
/** In characters: an inlined definition is a copy. */
const MAX_INLINED = 1_000_000;

/**
 * Returns a copy of a job's schema with only those defaults that satisfy it, objects completed with the defaults of
 * their members. A form, a command line and a worker that read the copy agree on what a default is, whatever order they
 * look it up in. pydantic emits defaults that their own schema rejects, such as null for `x: int = None`.
 */
export const keepValidDefaults = (root: JsonObject): JsonObject => {
  if (!hasDefaults(root)) return root;
  const defaults = new SchemaDefaults(root);
  const withoutDefault: JsonObject[] = [];

  const copyPart = (value: JsonValue, depth: number): JsonValue =>
    isJsonObject(value) && depth < MAX_DEPTH ? copySchema(value, depth + 1) : value;

  const copyMember = (keyword: string, value: JsonValue, depth: number): JsonValue => {
    if (VALUES.has(keyword) || keyword.startsWith("x-")) return value;
    if (Array.isArray(value)) return value.map((part) => copyPart(part, depth));
    if (!isJsonObject(value) || !MAPS.has(keyword)) return copyPart(value, depth);
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyPart(part, depth)]));
  };

  const copySchema = (schema: JsonObject, depth: number): JsonObject => {
    const copy = Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [keyword, copyMember(keyword, value, depth)]),
    );
    const declared = schema["const"] === undefined ? defaults.declared(schema) : schema["default"];
    if (declared === undefined) return copy;
    const valid = defaults.find(schema);
    if (valid === undefined) {
      delete copy["default"];
      withoutDefault.push(copy);
    } else if (schema["default"] !== undefined) {
      copy["default"] = valid;
    }
    return copy;
  };

  const clean = copySchema(root, 0);
  removeInheritedDefaults(clean, withoutDefault);
  return clean;
};

const hasDefaults = (root: JsonObject): boolean => JSON.stringify(root).includes('"default"');

/** A schema whose own default is invalid must not fall back to the default of what it refers to: the worker does not. */
const removeInheritedDefaults = (root: JsonObject, schemas: readonly JsonObject[]): void => {
  let left = MAX_INLINED;

  const copyWithoutDefault = (schema: JsonObject): JsonObject => {
    const { default: _, title, $ref, ...rest } = schema;
    const target = typeof $ref === "string" ? resolveReferences(root, schema) : undefined;
    if (target === undefined) return { ...rest, ...(typeof $ref === "string" && { $ref }) };
    const text = JSON.stringify(target);
    left -= text.length;
    return left < 0 ? { ...rest, $ref: $ref ?? "" } : { ...copyWithoutDefault(JSON.parse(text)), ...rest };
  };

  const inheritsDefault = (schema: JsonObject): boolean =>
    new SchemaDefaults(root).declared(schema) !== undefined;

  for (const schema of schemas) {
    if (schema["const"] !== undefined || !inheritsDefault(schema)) continue;
    const { title } = schema;
    const copy = copyWithoutDefault(schema);
    for (const keyword of ["allOf", "anyOf", "oneOf"]) {
      const parts = copy[keyword];
      if (Array.isArray(parts)) {
        copy[keyword] = parts.map((part) => (isJsonObject(part) ? copyWithoutDefault(part) : part));
      }
    }
    for (const keyword of Object.keys(schema)) delete schema[keyword];
    Object.assign(schema, copy, title === undefined ? {} : { title });
  }
};
