import type { JsonObject } from "../../../protocol/json.ts";
import { type FormSchema, filterKeywords, getAnnotations, isJsonObject } from "./form-schema.ts";
import { formatValue, isScalarSchema, listConstants, prepareChoice, toNullable } from "./prepare-scalar.ts";
import type { SchemaContext } from "./prepare-schema.ts";

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

/** The property that each option gives another value, by which one is known from the others. */
const findDiscriminator = (
  schema: JsonObject,
  options: readonly (JsonObject | undefined)[],
): string | undefined => {
  const given = schema["discriminator"];
  if (isJsonObject(given) && typeof given["propertyName"] === "string") return given["propertyName"];
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

/** What of the options is left when one of them is null: the other, where that is a field that can be left empty. */
const prepareNullable = (
  schema: JsonObject,
  others: readonly unknown[],
  { part, resolve }: SchemaContext,
): FormSchema | undefined => {
  const [only] = others;
  if (others.length !== 1) return undefined;
  const target = resolve(only);
  const drawn = target !== undefined && isScalarSchema(target) ? toNullable(part(target)) : undefined;
  return drawn && { ...drawn, ...(isJsonObject(only) && getAnnotations(only)), ...getAnnotations(schema) };
};

/** One of several kinds; undefined where the options say nothing that could be drawn. */
export const prepareUnion = (schema: JsonObject, preparation: SchemaContext): FormSchema => {
  const keyword = Array.isArray(schema["anyOf"]) ? "anyOf" : "oneOf";
  const { [keyword]: listed, ...rest } = schema;
  const options = (Array.isArray(listed) ? listed : []).filter((option) => option !== false);
  const isOwnShape = hasShape(rest);
  // Options that only say more of the same value are for the server to check.
  if (isOwnShape && !options.some(hasShape)) return preparation.part(rest);
  const targets = options.map(preparation.resolve);
  const single = listConstants(targets);
  if (single !== undefined) return prepareChoice(schema, single.values, single.labels);

  const isNull = (target: JsonObject | undefined) => target?.["type"] === "null";
  const others = options.filter((_, index) => !isNull(targets[index]));
  if (others.length < options.length) {
    const drawn = prepareNullable(schema, others, preparation);
    if (drawn !== undefined) return drawn;
  }
  if (options.length === 1) return { ...preparation.part(options[0]), ...getAnnotations(schema) };

  const discriminator = findDiscriminator(
    schema,
    targets.filter((target) => !isNull(target)),
  );
  const drawn = options.map((option, index) => {
    const title = getOptionTitle(targets[index] ?? {}, discriminator, index);
    return isNull(targets[index]) ? { type: "null" as const, title } : { ...preparation.part(option), title };
  });
  return {
    ...(isOwnShape ? preparation.part(rest) : getAnnotations(schema)),
    [keyword]: drawn,
    ...(discriminator !== undefined && { discriminator: { propertyName: discriminator } }),
    ...filterKeywords(rest, (name) => name === "required" && isOwnShape),
  };
};
