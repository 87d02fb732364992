import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { isFileSchema } from "../files/file-rule.ts";
import { toLabel } from "../label.ts";
import type { SchemaContext } from "./form-schema.ts";
import {
  ANY_VALUE,
  type FormSchema,
  filterKeywords,
  getAnnotations,
  isJsonObject,
  MAX_ITEMS,
} from "./form-schema.ts";
import { isScalarSchema } from "./prepare-scalar.ts";

/**
 * Maximum value of `minItems` and `maxItems`. Larger values are ignored, because the form renders
 * `minItems` items of a required list and an untrusted schema may require a billion.
 */
const MAX_INITIAL_ITEMS = 50;

const getStrings = (value: JsonValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/**
 * Returns a sort key: first `x-order`, then the position in `required`. Sorting is stable, so
 * members with equal keys keep their order.
 */
const getRank = (name: string, schema: JsonValue, required: readonly string[]): number[] => {
  const order = isJsonObject(schema) ? schema["x-order"] : undefined;
  const index = required.indexOf(name);
  const last = Number.MAX_VALUE;
  return [typeof order === "number" ? order : last, index === -1 ? last : index];
};

const compareRanks = (a: number[], b: number[]): number =>
  (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0);

const isContainer = (schema: FormSchema): boolean =>
  schema.type === "object" ||
  schema.type === "array" ||
  schema["$ref"] !== undefined ||
  schema.anyOf !== undefined ||
  schema.oneOf !== undefined;

/**
 * Wraps an optional object or list in `allOf`, so that it is added only if the user requests it.
 * react-jsonschema-form adds the defaults inside an object, but not the defaults inside an `allOf`.
 */
const toOptional = (schema: FormSchema, context: SchemaContext, source: JsonValue): FormSchema => {
  if (schema.default !== undefined || !isContainer(schema)) return schema;
  const target = context.resolve(source);
  if (target?.["default"] !== undefined) return schema;
  if (schema.$ref !== undefined && isScalarSchema(target)) return schema;
  const { title, description } = schema;
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    allOf: [schema],
  };
};

/**
 * Adds the properties of a record whose property names are limited by an `enum`, as in schemas that
 * zod generates.
 */
const addNamedProperties = (schema: JsonObject, properties: JsonObject): JsonObject => {
  const names = isJsonObject(schema["propertyNames"]) ? getStrings(schema["propertyNames"]["enum"]) : [];
  const rest = schema["additionalProperties"];
  if (!isJsonObject(rest)) return properties;
  return { ...Object.fromEntries(names.map((name) => [name, rest])), ...properties };
};

/**
 * Returns the prepared schema of properties that `schema` does not name. Returns undefined if such
 * properties are not allowed, or if the form has no fields for them.
 */
const prepareAdditionalProperties = (
  schema: JsonObject,
  properties: JsonObject,
  context: SchemaContext,
): FormSchema | undefined => {
  const { additionalProperties: others, patternProperties: patterns, propertyNames: names } = schema;
  if (isJsonObject(names) && Array.isArray(names["enum"])) return undefined;
  const [byPattern] = isJsonObject(patterns) ? Object.values(patterns) : [];
  if (isJsonObject(others)) return context.prepareReference(others);
  if (byPattern !== undefined) return context.prepareReference(byPattern);
  const isOpen = others === true || (others === undefined && Object.keys(properties).length === 0);
  return isOpen && schema["properties"] === undefined ? context.prepareReference({}) : undefined;
};

const prepareConditions = (schema: JsonObject, { prepare }: SchemaContext): FormSchema => {
  // Removes keywords from a condition that are not supported or could block the browser. The
  // condition only determines which fields are shown.
  const simplify = (value: JsonValue): JsonValue =>
    isJsonObject(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([key]) => !["pattern", "patternProperties", "format", "$ref", "$id"].includes(key))
            .map(([key, item]) => [key, simplify(item)]),
        )
      : Array.isArray(value)
        ? value.map(simplify)
        : value;
  const branch = (name: "then" | "else") => {
    const value = schema[name];
    return isJsonObject(value) && { [name]: prepare({ type: "object", properties: {}, ...value }) };
  };
  const dependencies = {
    ...(isJsonObject(schema["dependentRequired"]) && schema["dependentRequired"]),
    ...(isJsonObject(schema["dependentSchemas"]) &&
      Object.fromEntries(
        Object.entries(schema["dependentSchemas"])
          .filter(([, value]) => isJsonObject(value))
          .map(([name, value]) => [
            name,
            prepare(isJsonObject(value) ? { type: "object", properties: {}, ...value } : value),
          ]),
      )),
  };
  return {
    ...(isJsonObject(schema["if"]) && {
      if: simplify(schema["if"]) as FormSchema,
      ...branch("then"),
      ...branch("else"),
    }),
    ...(Object.keys(dependencies).length > 0 && {
      dependencies: dependencies as FormSchema["dependencies"],
    }),
  } as FormSchema;
};

/** Prepares an object. Sorts its properties into the order in which the form shows them. */
export const prepareObject = (schema: JsonObject, context: SchemaContext): FormSchema => {
  const own = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const properties = addNamedProperties(schema, own);
  const required = getStrings(schema["required"]).filter((name) => Object.hasOwn(properties, name));
  const others = prepareAdditionalProperties(schema, properties, context);
  const fields = Object.entries(properties)
    .filter(([, property]) => property !== false)
    .sort(([nameA, a], [nameB, b]) => compareRanks(getRank(nameA, a, required), getRank(nameB, b, required)))
    .map(([name, property]): [string, FormSchema] => {
      const prepared = context.prepare(property);
      const isUntitled = prepared.$ref !== undefined && prepared.title === undefined;
      // The property's name becomes the title, because the title of the referenced definition names
      // a type and not this property.
      const field = isUntitled ? { ...prepared, title: toLabel(name) } : prepared;
      return [name, required.includes(name) ? field : toOptional(field, context, property)];
    });
  return {
    ...getAnnotations(schema),
    type: "object",
    properties: Object.fromEntries(fields),
    ...(required.length > 0 && { required }),
    ...(others !== undefined && { additionalProperties: others }),
    ...prepareConditions(schema, context),
  };
};

/**
 * Prepares a list. Converts a tuple of draft 2020-12 (`prefixItems`) to the syntax that
 * react-jsonschema-form supports (`items`).
 */
export const prepareArray = (schema: JsonObject, context: SchemaContext): FormSchema => {
  const { prefixItems, items, additionalItems, default: defaultValue } = schema;
  if (Array.isArray(defaultValue) && defaultValue.length > MAX_ITEMS)
    return { ...getAnnotations(schema), ...ANY_VALUE };
  const fixed = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  const rest = Array.isArray(prefixItems) ? items : additionalItems;
  // A list of files starts empty, because files are added together with their values.
  const limitKeywords = isFileSchema(context.resolve(items)) ? ["maxItems"] : ["minItems", "maxItems"];
  const limits = filterKeywords(
    schema,
    (keyword) =>
      keyword === "uniqueItems" ||
      (limitKeywords.includes(keyword) && Number(schema[keyword]) <= MAX_INITIAL_ITEMS),
  );
  const prepareItem = (value: JsonValue | undefined) =>
    isJsonObject(value) ? context.prepare(value) : ANY_VALUE;
  const annotations = { ...getAnnotations(schema), ...limits, type: "array" as const };
  if (fixed === undefined) return { ...annotations, items: prepareItem(items as JsonValue | undefined) };
  const isClosed = rest === false || rest === undefined || schema["maxItems"] === fixed.length;
  return {
    ...annotations,
    // Without `minItems`, react-jsonschema-form would render fewer fields than the tuple has.
    minItems: fixed.length,
    items: fixed.map(prepareItem),
    ...(!isClosed && { additionalItems: prepareItem(rest) }),
  };
};
