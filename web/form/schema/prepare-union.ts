import type { JsonObject } from "../../../protocol/json.ts";
import type { SchemaContext } from "./form-schema.ts";
import { type FormSchema, filterKeywords, getAnnotations, isJsonObject } from "./form-schema.ts";
import { formatValue, isScalarSchema, listConstants, prepareChoice, toNullable } from "./prepare-scalar.ts";

const SHAPES = [
  "type",
  "properties",
  "items",
  "prefixItems",
  "$ref",
  "anyOf",
  "oneOf",
  "allOf",
  "additionalProperties",
];
const TYPE_NAMES: Record<string, string> = {
  string: "Text",
  number: "Number",
  integer: "Whole number",
  boolean: "Yes or no",
  array: "List",
  object: "Object",
  null: "None",
};

const hasShape = (option: unknown): boolean =>
  isJsonObject(option) &&
  (SHAPES.some((keyword) => keyword in option) || "const" in option || "enum" in option);

/**
 * Returns the property whose value is a different constant in each option. Returns undefined if
 * there is no such property.
 */
const findDiscriminator = (
  schema: JsonObject,
  options: readonly (JsonObject | undefined)[],
): string | undefined => {
  const { discriminator } = schema;
  if (isJsonObject(discriminator) && typeof discriminator["propertyName"] === "string")
    return discriminator["propertyName"];
  const [first] = options;
  if (first === undefined || !isJsonObject(first["properties"])) return undefined;
  return Object.keys(first["properties"]).find((name) => {
    const values = options.map((option) => {
      const properties = option?.["properties"];
      const property =
        isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
      return isJsonObject(property) ? property["const"] : undefined;
    });
    return (
      !values.includes(undefined) &&
      new Set(values.map((value) => JSON.stringify(value))).size === values.length
    );
  });
};

const getOptionTitle = (option: JsonObject, discriminator: string | undefined, index: number): string => {
  const { title, type, properties } = option;
  const property =
    discriminator !== undefined && isJsonObject(properties) ? properties[discriminator] : undefined;
  if (typeof title === "string") return title;
  if (isJsonObject(property) && property["const"] !== undefined) return formatValue(property["const"]);
  return (typeof type === "string" ? TYPE_NAMES[type] : undefined) ?? `Option ${index + 1}`;
};

/**
 * Prepares `T | null` as a field of `T` that may be empty. Returns undefined if `T` needs more than
 * one field.
 */
const prepareNullable = (
  schema: JsonObject,
  others: readonly unknown[],
  { prepare, resolve }: SchemaContext,
): FormSchema | undefined => {
  const [only] = others;
  if (others.length !== 1) return undefined;
  const target = resolve(only);
  const field = target !== undefined && isScalarSchema(target) ? toNullable(prepare(target)) : undefined;
  return field && { ...field, ...(isJsonObject(only) && getAnnotations(only)), ...getAnnotations(schema) };
};

/**
 * Prepares a union. It becomes an `enum` if all options are constants, a single field if it is `T |
 * null`, and a list of options in all other cases.
 */
export const prepareUnion = (schema: JsonObject, context: SchemaContext): FormSchema => {
  const keyword = Array.isArray(schema["anyOf"]) ? "anyOf" : "oneOf";
  const { [keyword]: allOptions, ...rest } = schema;
  const options = (Array.isArray(allOptions) ? allOptions : []).filter((option) => option !== false);
  const isOwnShape = hasShape(rest);
  // The form ignores options that contain neither fields nor types, because they only restrict the
  // value. The server checks them.
  if (isOwnShape && !options.some(hasShape)) return context.prepare(rest);
  const targets = options.map(context.resolve);
  const constants = listConstants(targets);
  if (constants !== undefined) return prepareChoice(schema, constants.values, constants.labels);

  const isNull = (target: JsonObject | undefined) => target?.["type"] === "null";
  const others = options.filter((_, index) => !isNull(targets[index]));
  if (others.length < options.length) {
    const field = prepareNullable(schema, others, context);
    if (field !== undefined) return field;
  }
  if (options.length === 1) return { ...context.prepare(options[0]), ...getAnnotations(schema) };

  const discriminator = findDiscriminator(
    schema,
    targets.filter((target) => !isNull(target)),
  );
  const prepared = options.map((option, index) => {
    const title = getOptionTitle(targets[index] ?? {}, discriminator, index);
    return isNull(targets[index]) ? { type: "null" as const, title } : { ...context.prepare(option), title };
  });
  return {
    ...(isOwnShape ? context.prepare(rest) : getAnnotations(schema)),
    [keyword]: prepared,
    ...(discriminator !== undefined && { discriminator: { propertyName: discriminator } }),
    ...filterKeywords(rest, (name) => name === "required" && isOwnShape),
  };
};
