import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { keepValidDefaults } from "../../../protocol/schema/keep-valid-defaults.ts";
import { resolveReferences } from "../../../protocol/schema/references.ts";
import { ANY_VALUE, type FormSchema, filterKeywords, getAnnotations, isJsonObject } from "./form-schema.ts";
import { prepareArray, prepareObject } from "./prepare-container.ts";
import { isScalarType, prepareChoice, prepareConstant, prepareScalar, toNullable } from "./prepare-scalar.ts";
import { prepareUnion } from "./prepare-union.ts";

/** Deeper than the server takes a schema. */
const MAX_DEPTH = 64;
/** More than the server takes. */
const MAX_DEFINITIONS = 2000;

/** What preparing a part of a schema needs of the rest. */
export interface SchemaContext {
  /** A schema below the one at hand. */
  readonly part: (schema: unknown) => FormSchema;
  /** The same by reference, so that what is recursive ends. */
  readonly byReference: (schema: unknown) => FormSchema;
  /** What a reference leads to, as it was written. */
  readonly resolve: (schema: unknown) => JsonObject | undefined;
}

const inferType = (schema: JsonObject): JsonValue | undefined => {
  const { type } = schema;
  if (type !== undefined) return type;
  const says = (...keywords: string[]) => keywords.some((keyword) => keyword in schema);
  if (says("properties", "additionalProperties", "patternProperties", "required")) return "object";
  if (says("items", "prefixItems")) return "array";
  if (says("minLength", "maxLength", "pattern", "format")) return "string";
  return says("minimum", "maximum", "multipleOf") ? "number" : undefined;
};

const prepareAnyValue = (schema: JsonObject): FormSchema => ({ ...getAnnotations(schema), ...ANY_VALUE });

const prepareByType = (schema: JsonObject, type: unknown, preparation: SchemaContext): FormSchema => {
  if (type === "null") return prepareConstant(schema, null);
  if (isScalarType(type)) return prepareScalar(schema, type);
  if (type === "object") return prepareObject(schema, preparation);
  if (type === "array") return prepareArray(schema, preparation);
  if (!Array.isArray(type)) return prepareAnyValue(schema);
  const types = type.filter((name) => name !== "null");
  const [only] = types;
  if (types.length === 1 && only !== undefined) {
    const drawn = prepareByType(schema, only, preparation);
    if (types.length === type.length) return drawn;
    const orNull = toNullable(drawn);
    if (orNull !== undefined) return orNull;
  }
  const { type: _, title, description, default: standard, ...rest } = schema;
  const options = type.map((name) => ({ ...rest, type: name }));
  const annotations = { title, description, default: standard };
  return prepareUnion(
    {
      ...filterKeywords(annotations as JsonObject, (key) => schema[key] !== undefined),
      anyOf: options,
    } as JsonObject,
    preparation,
  );
};

const prepareIntersection = (
  schema: JsonObject,
  parts: readonly JsonValue[],
  preparation: SchemaContext,
): FormSchema => {
  const { allOf: _, ...rest } = schema;
  const own = inferType(rest) === undefined && rest["anyOf"] === undefined && rest["oneOf"] === undefined;
  const [only] = parts;
  const annotations = getAnnotations(schema);
  if (parts.length === 1 && own) return { ...preparation.part(only), ...annotations };
  const drawn = parts.map((part) => preparation.part(part)).filter((part) => part["drawn-anything"] !== true);
  return {
    ...(own ? annotations : prepareKeywords(rest, preparation)),
    ...(drawn.length > 0 && { allOf: drawn }),
  };
};

const prepareKeywords = (schema: JsonObject, preparation: SchemaContext): FormSchema => {
  if (schema["const"] !== undefined) return prepareConstant(schema, schema["const"]);
  if (Array.isArray(schema["enum"])) return prepareChoice(schema, schema["enum"]);
  const parts = schema["allOf"];
  if (Array.isArray(parts) && parts.length > 0) return prepareIntersection(schema, parts, preparation);
  if (Array.isArray(schema["anyOf"]) || Array.isArray(schema["oneOf"]))
    return prepareUnion(schema, preparation);
  return prepareByType(schema, inferType(schema), preparation);
};

/**
 * Returns the schema that a form is drawn from: one spelling for what drafts, zod and pydantic spell differently, only
 * defaults that satisfy the schema, its references collected under our own names, and nothing that could block a browser.
 */
export const prepareSchema = (given: JsonObject): FormSchema => {
  const root = keepValidDefaults(given);
  const definitions: Record<string, FormSchema> = {};
  const names = new Map<JsonObject, string>();
  let depth = 0;

  const nameOf = (schema: JsonObject): string => {
    const known = names.get(schema);
    if (known !== undefined) return known;
    const name = `d${names.size}`;
    names.set(schema, name);
    const outside = depth;
    depth = 0;
    definitions[name] = names.size > MAX_DEFINITIONS ? ANY_VALUE : preparation.part(schema);
    depth = outside;
    return name;
  };

  const preparation: SchemaContext = {
    resolve: (schema) => resolveReferences(root, schema),
    byReference: (schema) => {
      const target = resolveReferences(root, schema) ?? {};
      return { $ref: `#/$defs/${nameOf(target)}` };
    },
    part: (schema) => {
      if (!isJsonObject(schema) || depth > MAX_DEPTH) return ANY_VALUE;
      if (typeof schema["$ref"] === "string") {
        return { ...getAnnotations(schema), ...preparation.byReference(schema) };
      }
      depth += 1;
      try {
        return prepareKeywords(schema, preparation);
      } finally {
        depth -= 1;
      }
    },
  };

  const top = resolveReferences(root, root) ?? {};
  return { ...preparation.part(top), $defs: definitions };
};
