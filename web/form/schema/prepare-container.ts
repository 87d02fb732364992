import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { toLabel } from "../label.ts";
import {
  ANY_VALUE,
  type FormSchema,
  filterKeywords,
  getAnnotations,
  isJsonObject,
  MAX_ITEMS,
} from "./form-schema.ts";
import { isScalarSchema } from "./prepare-scalar.ts";
import type { SchemaContext } from "./prepare-schema.ts";

/** A required list is begun with as many items as it must have; a stranger may ask for a billion. */
const MAX_INITIAL_ITEMS = 50;

const getStrings = (value: JsonValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** Sorts by `x-order`, then required members in the order of `required`, then the rest as the schema has them. */
const getRank = (name: string, schema: JsonValue, required: readonly string[]): number[] => {
  const order = isJsonObject(schema) ? schema["x-order"] : undefined;
  const place = required.indexOf(name);
  const last = Number.MAX_VALUE;
  return [typeof order === "number" ? order : last, place === -1 ? last : place];
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
 * A field that may be left out, and is not begun before somebody asks for it: the library fills the defaults of what is
 * below any object, but not of what an `allOf` brings.
 */
const toOptional = (schema: FormSchema, preparation: SchemaContext, source: JsonValue): FormSchema => {
  if (schema.default !== undefined || !isContainer(schema)) return schema;
  const target = preparation.resolve(source);
  if (target?.["default"] !== undefined) return schema;
  if (schema.$ref !== undefined && isScalarSchema(target)) return schema;
  const { title, description } = schema;
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    allOf: [schema],
  };
};

/** Names that are all known are properties like others (zod's records of an enum). */
const addNamedProperties = (schema: JsonObject, properties: JsonObject): JsonObject => {
  const names = isJsonObject(schema["propertyNames"]) ? getStrings(schema["propertyNames"]["enum"]) : [];
  const rest = schema["additionalProperties"];
  if (!isJsonObject(rest)) return properties;
  return { ...Object.fromEntries(names.map((name) => [name, rest])), ...properties };
};

/** What may stand under names that the schema does not know; undefined where nothing may, or nothing is said of it. */
const prepareAdditionalProperties = (
  schema: JsonObject,
  properties: JsonObject,
  preparation: SchemaContext,
): FormSchema | undefined => {
  const { additionalProperties: others, patternProperties: patterns, propertyNames: names } = schema;
  if (isJsonObject(names) && Array.isArray(names["enum"])) return undefined;
  const [byPattern] = isJsonObject(patterns) ? Object.values(patterns) : [];
  if (isJsonObject(others)) return preparation.byReference(others);
  if (byPattern !== undefined) return preparation.byReference(byPattern);
  const isOpen = others === true || (others === undefined && Object.keys(properties).length === 0);
  return isOpen && schema["properties"] === undefined ? preparation.byReference({}) : undefined;
};

const prepareConditions = (schema: JsonObject, { part }: SchemaContext): FormSchema => {
  const bare = (value: JsonValue): JsonValue =>
    isJsonObject(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([key]) => !["pattern", "patternProperties", "format", "$ref", "$id"].includes(key))
            .map(([key, item]) => [key, bare(item)]),
        )
      : Array.isArray(value)
        ? value.map(bare)
        : value;
  const branch = (name: "then" | "else") => {
    const value = schema[name];
    return isJsonObject(value) && { [name]: part({ type: "object", properties: {}, ...value }) };
  };
  const dependencies = {
    ...(isJsonObject(schema["dependentRequired"]) && schema["dependentRequired"]),
    ...(isJsonObject(schema["dependentSchemas"]) &&
      Object.fromEntries(
        Object.entries(schema["dependentSchemas"])
          .filter(([, value]) => isJsonObject(value))
          .map(([name, value]) => [
            name,
            part(isJsonObject(value) ? { type: "object", properties: {}, ...value } : value),
          ]),
      )),
  };
  return {
    ...(isJsonObject(schema["if"]) && {
      if: bare(schema["if"]) as FormSchema,
      ...branch("then"),
      ...branch("else"),
    }),
    ...(Object.keys(dependencies).length > 0 && {
      dependencies: dependencies as FormSchema["dependencies"],
    }),
  } as FormSchema;
};

/** An object, its fields in the order that they are read in. */
export const prepareObject = (schema: JsonObject, preparation: SchemaContext): FormSchema => {
  const given = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const properties = addNamedProperties(schema, given);
  const required = getStrings(schema["required"]).filter((name) => Object.hasOwn(properties, name));
  const others = prepareAdditionalProperties(schema, properties, preparation);
  const drawn = Object.entries(properties)
    .filter(([, property]) => property !== false)
    .sort(([nameA, a], [nameB, b]) => compareRanks(getRank(nameA, a, required), getRank(nameB, b, required)))
    .map(([name, property]): [string, FormSchema] => {
      const drawn = preparation.part(property);
      const isNameless = drawn.$ref !== undefined && drawn.title === undefined;
      // What a reference leads to is called after its kind; the place it stands in has a name of its own.
      const part = isNameless ? { ...drawn, title: toLabel(name) } : drawn;
      return [name, required.includes(name) ? part : toOptional(part, preparation, property)];
    });
  return {
    ...getAnnotations(schema),
    type: "object",
    properties: Object.fromEntries(drawn),
    ...(required.length > 0 && { required }),
    ...(others !== undefined && { additionalProperties: others }),
    ...prepareConditions(schema, preparation),
  };
};

/** A list; what 2020-12 calls `prefixItems` is spelled as the library knows it. */
export const prepareArray = (schema: JsonObject, preparation: SchemaContext): FormSchema => {
  const { prefixItems, items, additionalItems, default: standard } = schema;
  if (Array.isArray(standard) && standard.length > MAX_ITEMS)
    return { ...getAnnotations(schema), ...ANY_VALUE };
  const fixed = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  const rest = Array.isArray(prefixItems) ? items : additionalItems;
  const limits = filterKeywords(
    schema,
    (keyword) =>
      keyword === "uniqueItems" ||
      (["minItems", "maxItems"].includes(keyword) && Number(schema[keyword]) <= MAX_INITIAL_ITEMS),
  );
  const part = (value: JsonValue | undefined) => (isJsonObject(value) ? preparation.part(value) : ANY_VALUE);
  const annotations = { ...getAnnotations(schema), ...limits, type: "array" as const };
  if (fixed === undefined) return { ...annotations, items: part(items as JsonValue | undefined) };
  const isClosed = rest === false || rest === undefined || schema["maxItems"] === fixed.length;
  return {
    ...annotations,
    // As many as there are places: fewer would be drawn as fewer.
    minItems: fixed.length,
    items: fixed.map(part),
    ...(!isClosed && { additionalItems: part(rest) }),
  };
};
