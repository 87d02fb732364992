import { toCanonicalJson } from "../../../protocol/canonical-json.ts";
import { isRoundedInteger } from "../../../protocol/exact-number.ts";
import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { toSafePattern } from "../../../protocol/schema/safe-pattern.ts";
import {
  FORM_KEYWORDS,
  type FormSchema,
  filterKeywords,
  getAnnotations,
  isJsonObject,
} from "./form-schema.ts";

const SCALARS = ["string", "number", "integer", "boolean", "null"];
const LIMIT_KEYWORDS = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
];
const STRING_KEYWORDS = ["format", "contentMediaType", "contentEncoding"];

/** True for the types whose values are no objects and no arrays. */
export const isScalarType = (type: unknown): type is string =>
  typeof type === "string" && SCALARS.includes(type);

/** True for a schema, as it was written, of values that are no objects and no arrays. */
export const isScalarSchema = (schema: JsonObject | undefined): boolean =>
  schema !== undefined &&
  (schema["enum"] !== undefined ||
    schema["const"] !== undefined ||
    [schema["type"]].flat().every((type) => isScalarType(type)));

/** A text, a number or a yes and no. */
export const prepareScalar = (schema: JsonObject, type: string): FormSchema => {
  const pattern = toSafePattern(schema["pattern"]);
  return {
    ...getAnnotations(schema),
    ...filterKeywords(
      schema,
      (keyword) =>
        (LIMIT_KEYWORDS.includes(keyword) && typeof schema[keyword] === "number") ||
        (STRING_KEYWORDS.includes(keyword) && typeof schema[keyword] === "string"),
    ),
    ...(pattern !== undefined && { [FORM_KEYWORDS.pattern]: pattern }),
    type: type as NonNullable<FormSchema["type"]>,
  };
};

/** One of some values, each once. Without a type, so that values of several types can be in one list. */
export const prepareChoice = (
  schema: JsonObject,
  values: readonly JsonValue[],
  labels?: string[],
): FormSchema => {
  const given = schema["x-enum-labels"] ?? schema["x-enumNames"];
  const named = labels ?? (Array.isArray(given) ? given.map(String) : undefined);
  const firstPlaces = new Map(
    values.map((value, index): [string, number] => [toCanonicalJson(value), index]).toReversed(),
  );
  const places = new Set(firstPlaces.values());
  const isFirst = (_: unknown, index: number) => places.has(index);
  return {
    ...getAnnotations(schema),
    ...(named !== undefined && { [FORM_KEYWORDS.labels]: named.filter(isFirst) }),
    enum: values.filter(isFirst),
  };
};

/** A value that is given. One that cannot be sent exactly is shown, and not sent. */
export const prepareConstant = (schema: JsonObject, value: JsonValue): FormSchema => ({
  ...getAnnotations(schema),
  enum: [value],
  ...(!isRoundedInteger(value) && { const: value, default: value }),
});

/** The same, where null is allowed besides; undefined where that is no matter of one field. */
export const toNullable = (schema: FormSchema): FormSchema | undefined => {
  if (Array.isArray(schema.enum)) {
    const { const: _, ...rest } = schema;
    const labels: unknown = schema[FORM_KEYWORDS.labels];
    return {
      ...rest,
      ...(!schema.enum.includes(null) && {
        enum: [...schema.enum, null],
        ...(Array.isArray(labels) && { [FORM_KEYWORDS.labels]: [...labels, "none"] }),
      }),
      [FORM_KEYWORDS.nullable]: true,
    };
  }
  if (!isScalarType(schema.type)) return undefined;
  return { ...schema, type: [schema.type as "string", "null"], [FORM_KEYWORDS.nullable]: true };
};

/** The values of a union whose options are all single values, with what they are called. */
export const listConstants = (
  options: readonly unknown[],
): { values: JsonValue[]; labels: string[] } | undefined => {
  const values: JsonValue[] = [];
  const labels: string[] = [];
  for (const option of options) {
    if (!isJsonObject(option)) return undefined;
    const list = Array.isArray(option["enum"]) ? option["enum"] : undefined;
    const own = option["const"] !== undefined ? [option["const"]] : option["type"] === "null" ? [null] : list;
    if (own === undefined) return undefined;
    values.push(...own);
    const title = option["title"];
    labels.push(
      ...own.map((value) => (typeof title === "string" && own.length === 1 ? title : formatValue(value))),
    );
  }
  return { values, labels };
};

/** What a value is called that has no name of its own. */
export const formatValue = (value: JsonValue): string =>
  value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
