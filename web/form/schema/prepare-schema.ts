import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { keepValidDefaults } from "../../../protocol/schema/keep-valid-defaults.ts";
import { resolveReferences } from "../../../protocol/schema/references.ts";
import { ANYTHING, annotationsOf, type DrawnSchema, isJsonObject, pick } from "./drawn-schema.ts";
import { array, object } from "./prepare-container.ts";
import { choice, constant, isScalarType, nullable, scalar } from "./prepare-scalar.ts";
import { union } from "./prepare-union.ts";

/** Deeper than the server takes a schema. */
const DEEPEST = 64;
/** More than the server takes. */
const MOST_DEFINITIONS = 2000;

/** What preparing a part of a schema needs of the rest. */
export interface Preparation {
  /** A schema below the one at hand. */
  readonly part: (schema: unknown) => DrawnSchema;
  /** The same by reference, so that what is recursive ends. */
  readonly byReference: (schema: unknown) => DrawnSchema;
  /** What a reference leads to, as it was written. */
  readonly resolve: (schema: unknown) => JsonObject | undefined;
}

const typeOf = (schema: JsonObject): JsonValue | undefined => {
  const { type } = schema;
  if (type !== undefined) return type;
  const says = (...keywords: string[]) => keywords.some((keyword) => keyword in schema);
  if (says("properties", "additionalProperties", "patternProperties", "required")) return "object";
  if (says("items", "prefixItems")) return "array";
  if (says("minLength", "maxLength", "pattern", "format")) return "string";
  return says("minimum", "maximum", "multipleOf") ? "number" : undefined;
};

const anything = (schema: JsonObject): DrawnSchema => ({ ...annotationsOf(schema), ...ANYTHING });

const byType = (schema: JsonObject, type: unknown, preparation: Preparation): DrawnSchema => {
  if (type === "null") return constant(schema, null);
  if (isScalarType(type)) return scalar(schema, type);
  if (type === "object") return object(schema, preparation);
  if (type === "array") return array(schema, preparation);
  if (!Array.isArray(type)) return anything(schema);
  const types = type.filter((name) => name !== "null");
  const [only] = types;
  if (types.length === 1 && only !== undefined) {
    const drawn = byType(schema, only, preparation);
    if (types.length === type.length) return drawn;
    const orNull = nullable(drawn);
    if (orNull !== undefined) return orNull;
  }
  const { type: _, title, description, default: standard, ...rest } = schema;
  const options = type.map((name) => ({ ...rest, type: name }));
  const annotations = { title, description, default: standard };
  return union(
    { ...pick(annotations as JsonObject, (key) => schema[key] !== undefined), anyOf: options } as JsonObject,
    preparation,
  );
};

const allOf = (schema: JsonObject, parts: readonly JsonValue[], preparation: Preparation): DrawnSchema => {
  const { allOf: _, ...rest } = schema;
  const own = typeOf(rest) === undefined && rest["anyOf"] === undefined && rest["oneOf"] === undefined;
  const [only] = parts;
  const annotations = annotationsOf(schema);
  if (parts.length === 1 && own) return { ...preparation.part(only), ...annotations };
  const drawn = parts.map((part) => preparation.part(part)).filter((part) => part["drawn-anything"] !== true);
  return { ...(own ? annotations : prepared(rest, preparation)), ...(drawn.length > 0 && { allOf: drawn }) };
};

const prepared = (schema: JsonObject, preparation: Preparation): DrawnSchema => {
  if (schema["const"] !== undefined) return constant(schema, schema["const"]);
  if (Array.isArray(schema["enum"])) return choice(schema, schema["enum"]);
  const parts = schema["allOf"];
  if (Array.isArray(parts) && parts.length > 0) return allOf(schema, parts, preparation);
  if (Array.isArray(schema["anyOf"]) || Array.isArray(schema["oneOf"])) return union(schema, preparation);
  return byType(schema, typeOf(schema), preparation);
};

/**
 * Returns the schema that a form is drawn from: one spelling for what drafts, zod and pydantic spell differently, only
 * defaults that satisfy the schema, its references collected under our own names, and nothing that could block a browser.
 */
export const prepareSchema = (given: JsonObject): DrawnSchema => {
  const root = keepValidDefaults(given);
  const definitions: Record<string, DrawnSchema> = {};
  const names = new Map<JsonObject, string>();
  let depth = 0;

  const nameOf = (schema: JsonObject): string => {
    const known = names.get(schema);
    if (known !== undefined) return known;
    const name = `d${names.size}`;
    names.set(schema, name);
    const outside = depth;
    depth = 0;
    definitions[name] = names.size > MOST_DEFINITIONS ? ANYTHING : preparation.part(schema);
    depth = outside;
    return name;
  };

  const preparation: Preparation = {
    resolve: (schema) => resolveReferences(root, schema),
    byReference: (schema) => {
      const target = resolveReferences(root, schema) ?? {};
      return { $ref: `#/$defs/${nameOf(target)}` };
    },
    part: (schema) => {
      if (!isJsonObject(schema) || depth > DEEPEST) return ANYTHING;
      if (typeof schema["$ref"] === "string") {
        return { ...annotationsOf(schema), ...preparation.byReference(schema) };
      }
      depth += 1;
      try {
        return prepared(schema, preparation);
      } finally {
        depth -= 1;
      }
    },
  };

  const top = resolveReferences(root, root) ?? {};
  return { ...preparation.part(top), $defs: definitions };
};
