import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { resolveReferences } from "./references.ts";
import { SchemaDefaults } from "./schema-defaults.ts";

/** Keywords whose values are not schemas. */
const VALUE_KEYWORDS = new Set([
  "default",
  "examples",
  "example",
  "const",
  "enum",
  "required",
  "discriminator",
  "type",
]);
/** Keywords whose values are maps of schemas. */
const MAP_KEYWORDS = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
  "dependencies",
]);

/** Maximum depth. Deeper parts are returned unchanged, because the server rejects such schemas. */
const MAX_DEPTH = 128;
/** Maximum total length of inlined definitions in characters. Each inlined definition is a copy. */
const MAX_INLINED = 1_000_000;

/**
 * Returns a copy of a job's schema without invalid defaults, in which the defaults of objects are completed
 * with the defaults of their members. A form, the CLI and a worker that read the copy use the same defaults,
 * in whatever order they look them up. pydantic generates defaults that do not satisfy their own schema, such
 * as null for `x: int = None`.
 */
export function keepValidDefaults(root: JsonObject): JsonObject {
  const defaults = new SchemaDefaults(root);
  const withoutDefault: JsonObject[] = [];

  const copyPart = (value: JsonValue, depth: number): JsonValue =>
    isJsonObject(value) && depth < MAX_DEPTH ? copySchema(value, depth + 1) : value;

  const copyMember = (keyword: string, value: JsonValue, depth: number): JsonValue => {
    if (VALUE_KEYWORDS.has(keyword) || keyword.startsWith("x-")) return value;
    if (Array.isArray(value)) return value.map((part) => copyPart(part, depth));
    if (!isJsonObject(value) || !MAP_KEYWORDS.has(keyword)) return copyPart(value, depth);
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyPart(part, depth)]));
  };

  const copySchema = (schema: JsonObject, depth: number): JsonObject => {
    const copy = Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [keyword, copyMember(keyword, value, depth)]),
    );
    const declared = schema["const"] === undefined ? defaults.getDeclared(schema) : schema["default"];
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
}

/**
 * Inlines a reference if the schema with the reference has an invalid default. Without its own default, this
 * schema would otherwise inherit the default of the target, which the worker does not do.
 */
function removeInheritedDefaults(root: JsonObject, schemas: readonly JsonObject[]): void {
  let remaining = MAX_INLINED;

  const copyWithoutDefault = (schema: JsonObject): JsonObject => {
    const { default: _, title, $ref, ...rest } = schema;
    const target = typeof $ref === "string" ? resolveReferences(root, schema) : undefined;
    if (target === undefined) return { ...rest, ...(typeof $ref === "string" && { $ref }) };
    const text = JSON.stringify(target);
    remaining -= text.length;
    return remaining < 0
      ? { ...rest, $ref: $ref ?? "" }
      : { ...copyWithoutDefault(JSON.parse(text)), ...rest };
  };

  for (const schema of schemas) {
    const inherited = new SchemaDefaults(root).getDeclared(schema);
    if (schema["const"] !== undefined || inherited === undefined) continue;
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
}
