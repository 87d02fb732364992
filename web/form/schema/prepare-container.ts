import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { readable } from "../label.ts";
import { ANYTHING, annotationsOf, type DrawnSchema, isJsonObject, MOST_ITEMS, pick } from "./drawn-schema.ts";
import { isScalarSource } from "./prepare-scalar.ts";
import type { Preparation } from "./prepare-schema.ts";

/** A required list is begun with as many items as it must have; a stranger may ask for a billion. */
const MOST_BEGUN_WITH = 50;

const texts = (value: JsonValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** Sorts by `x-order`, then required members in the order of `required`, then the rest as the schema has them. */
const rankOf = (name: string, schema: JsonValue, required: readonly string[]): number[] => {
  const order = isJsonObject(schema) ? schema["x-order"] : undefined;
  const place = required.indexOf(name);
  const last = Number.MAX_VALUE;
  return [typeof order === "number" ? order : last, place === -1 ? last : place];
};

const byRank = (a: number[], b: number[]): number => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0);

const isContainer = (schema: DrawnSchema): boolean =>
  schema.type === "object" ||
  schema.type === "array" ||
  schema["$ref"] !== undefined ||
  schema.anyOf !== undefined ||
  schema.oneOf !== undefined;

/**
 * A field that may be left out, and is not begun before somebody asks for it: the library fills the defaults of what is
 * below any object, but not of what an `allOf` brings.
 */
const leftOut = (schema: DrawnSchema, preparation: Preparation, source: JsonValue): DrawnSchema => {
  if (schema.default !== undefined || !isContainer(schema)) return schema;
  const target = preparation.resolve(source);
  if (target?.["default"] !== undefined) return schema;
  if (schema.$ref !== undefined && isScalarSource(target)) return schema;
  const { title, description } = schema;
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    allOf: [schema],
  };
};

/** Names that are all known are properties like others (zod's records of an enum). */
const withNames = (schema: JsonObject, properties: JsonObject): JsonObject => {
  const names = isJsonObject(schema["propertyNames"]) ? texts(schema["propertyNames"]["enum"]) : [];
  const rest = schema["additionalProperties"];
  if (!isJsonObject(rest)) return properties;
  return { ...Object.fromEntries(names.map((name) => [name, rest])), ...properties };
};

/** What may stand under names that the schema does not know; undefined where nothing may, or nothing is said of it. */
const otherProperties = (
  schema: JsonObject,
  properties: JsonObject,
  preparation: Preparation,
): DrawnSchema | undefined => {
  const { additionalProperties: others, patternProperties: patterns, propertyNames: names } = schema;
  if (isJsonObject(names) && Array.isArray(names["enum"])) return undefined;
  const [byPattern] = isJsonObject(patterns) ? Object.values(patterns) : [];
  if (isJsonObject(others)) return preparation.byReference(others);
  if (byPattern !== undefined) return preparation.byReference(byPattern);
  const isOpen = others === true || (others === undefined && Object.keys(properties).length === 0);
  return isOpen && schema["properties"] === undefined ? preparation.byReference({}) : undefined;
};

const conditions = (schema: JsonObject, { part }: Preparation): DrawnSchema => {
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
      if: bare(schema["if"]) as DrawnSchema,
      ...branch("then"),
      ...branch("else"),
    }),
    ...(Object.keys(dependencies).length > 0 && {
      dependencies: dependencies as DrawnSchema["dependencies"],
    }),
  } as DrawnSchema;
};

/** An object, its fields in the order that they are read in. */
export const object = (schema: JsonObject, preparation: Preparation): DrawnSchema => {
  const given = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const properties = withNames(schema, given);
  const required = texts(schema["required"]).filter((name) => Object.hasOwn(properties, name));
  const others = otherProperties(schema, properties, preparation);
  const drawn = Object.entries(properties)
    .filter(([, property]) => property !== false)
    .sort(([nameA, a], [nameB, b]) => byRank(rankOf(nameA, a, required), rankOf(nameB, b, required)))
    .map(([name, property]): [string, DrawnSchema] => {
      const drawn = preparation.part(property);
      const isNameless = drawn.$ref !== undefined && drawn.title === undefined;
      // What a reference leads to is called after its kind; the place it stands in has a name of its own.
      const part = isNameless ? { ...drawn, title: readable(name) } : drawn;
      return [name, required.includes(name) ? part : leftOut(part, preparation, property)];
    });
  return {
    ...annotationsOf(schema),
    type: "object",
    properties: Object.fromEntries(drawn),
    ...(required.length > 0 && { required }),
    ...(others !== undefined && { additionalProperties: others }),
    ...conditions(schema, preparation),
  };
};

/** A list; what 2020-12 calls `prefixItems` is spelled as the library knows it. */
export const array = (schema: JsonObject, preparation: Preparation): DrawnSchema => {
  const { prefixItems, items, additionalItems, default: standard } = schema;
  if (Array.isArray(standard) && standard.length > MOST_ITEMS)
    return { ...annotationsOf(schema), ...ANYTHING };
  const fixed = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  const rest = Array.isArray(prefixItems) ? items : additionalItems;
  const limits = pick(
    schema,
    (keyword) =>
      keyword === "uniqueItems" ||
      (["minItems", "maxItems"].includes(keyword) && Number(schema[keyword]) <= MOST_BEGUN_WITH),
  );
  const part = (value: JsonValue | undefined) => (isJsonObject(value) ? preparation.part(value) : ANYTHING);
  const annotations = { ...annotationsOf(schema), ...limits, type: "array" as const };
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
