import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { keepValidDefaults } from "../../../protocol/schema/keep-valid-defaults.ts";
import { resolveReferences } from "../../../protocol/schema/references.ts";
import {
  ANY_VALUE,
  FORM_KEYWORDS,
  type FormSchema,
  filterKeywords,
  getAnnotations,
  isJsonObject,
  type SchemaContext,
} from "./form-schema.ts";
import { prepareArray, prepareObject } from "./prepare-container.ts";
import { isScalarType, prepareChoice, prepareConstant, prepareScalar, toNullable } from "./prepare-scalar.ts";
import { prepareUnion } from "./prepare-union.ts";

/** Maximum depth of a schema. The server rejects deeper schemas. */
const MAX_DEPTH = 64;
/** Maximum number of definitions. The server rejects schemas with more. */
const MAX_DEFINITIONS = 2000;

const inferType = (schema: JsonObject): JsonValue | undefined => {
  const { type } = schema;
  if (type !== undefined) return type;
  const hasAny = (...keywords: string[]) => keywords.some((keyword) => keyword in schema);
  if (hasAny("properties", "additionalProperties", "patternProperties", "required")) return "object";
  if (hasAny("items", "prefixItems")) return "array";
  if (hasAny("minLength", "maxLength", "pattern", "format")) return "string";
  return hasAny("minimum", "maximum", "multipleOf") ? "number" : undefined;
};

const prepareAnyValue = (schema: JsonObject): FormSchema => ({ ...getAnnotations(schema), ...ANY_VALUE });

const prepareByType = (schema: JsonObject, type: unknown, context: SchemaContext): FormSchema => {
  if (type === "null") return prepareConstant(schema, null);
  if (isScalarType(type)) return prepareScalar(schema, type);
  if (type === "object") return prepareObject(schema, context);
  if (type === "array") return prepareArray(schema, context);
  if (!Array.isArray(type)) return prepareAnyValue(schema);
  const types = type.filter((name) => name !== "null");
  const [only] = types;
  if (types.length === 1 && only !== undefined) {
    const field = prepareByType(schema, only, context);
    if (types.length === type.length) return field;
    const orNull = toNullable(field);
    if (orNull !== undefined) return orNull;
  }
  const { type: _, title, description, default: defaultValue, ...rest } = schema;
  const options = type.map((name) => ({ ...rest, type: name }));
  const annotations = { title, description, default: defaultValue };
  return prepareUnion(
    {
      ...filterKeywords(annotations as JsonObject, (key) => schema[key] !== undefined),
      anyOf: options,
    } as JsonObject,
    context,
  );
};

const prepareIntersection = (
  schema: JsonObject,
  parts: readonly JsonValue[],
  context: SchemaContext,
): FormSchema => {
  const { allOf: _, ...rest } = schema;
  const hasOnlyAnnotations =
    inferType(rest) === undefined && rest["anyOf"] === undefined && rest["oneOf"] === undefined;
  const [only] = parts;
  const annotations = getAnnotations(schema);
  if (parts.length === 1 && hasOnlyAnnotations) return { ...context.prepare(only), ...annotations };
  const prepared = parts
    .map((part) => context.prepare(part))
    .filter((part) => part[FORM_KEYWORDS.anyValue] !== true);
  return {
    ...(hasOnlyAnnotations ? annotations : prepareKeywords(rest, context)),
    ...(prepared.length > 0 && { allOf: prepared }),
  };
};

const prepareKeywords = (schema: JsonObject, context: SchemaContext): FormSchema => {
  if (schema["const"] !== undefined) return prepareConstant(schema, schema["const"]);
  if (Array.isArray(schema["enum"])) return prepareChoice(schema, schema["enum"]);
  const parts = schema["allOf"];
  if (Array.isArray(parts) && parts.length > 0) return prepareIntersection(schema, parts, context);
  if (Array.isArray(schema["anyOf"]) || Array.isArray(schema["oneOf"])) return prepareUnion(schema, context);
  return prepareByType(schema, inferType(schema), context);
};

/**
 * Returns the schema from which the form is rendered. Its keywords have the same syntax for all
 * JSON Schema drafts and for schemas of zod and pydantic. Invalid defaults are removed, referenced
 * schemas become definitions `d0`, `d1` and so on, and everything that could block the browser is
 * removed.
 */
export const prepareSchema = (source: JsonObject): FormSchema => {
  const root = keepValidDefaults(source);
  const definitions: Record<string, FormSchema> = {};
  const names = new Map<JsonObject, string>();
  let depth = 0;

  const addDefinition = (schema: JsonObject): string => {
    const known = names.get(schema);
    if (known !== undefined) return known;
    const name = `d${names.size}`;
    names.set(schema, name);
    const outerDepth = depth;
    depth = 0;
    definitions[name] = names.size > MAX_DEFINITIONS ? ANY_VALUE : context.prepare(schema);
    depth = outerDepth;
    return name;
  };

  const context: SchemaContext = {
    resolve: (schema) => resolveReferences(root, schema),
    prepareReference: (schema) => {
      const target = resolveReferences(root, schema) ?? {};
      return { $ref: `#/$defs/${addDefinition(target)}` };
    },
    prepare: (schema) => {
      if (!isJsonObject(schema) || depth > MAX_DEPTH) return ANY_VALUE;
      if (typeof schema["$ref"] === "string") {
        return { ...getAnnotations(schema), ...context.prepareReference(schema) };
      }
      depth += 1;
      try {
        return prepareKeywords(schema, context);
      } finally {
        depth -= 1;
      }
    },
  };

  const top = resolveReferences(root, root) ?? {};
  return { ...context.prepare(top), $defs: definitions };
};
