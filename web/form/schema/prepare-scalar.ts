import { type JsonObject, type JsonValue, toCanonicalJson } from "../../../protocol/json.ts";
import { isRoundedInteger } from "../../../protocol/schema/exact-json.ts";
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

/** Returns true for types whose values are neither objects nor arrays. */
export const isScalarType = (type: unknown): type is string =>
  typeof type === "string" && SCALARS.includes(type);

/** Returns true for an original schema whose values are neither objects nor arrays. */
export const isScalarSchema = (schema: JsonObject | undefined): boolean =>
  schema !== undefined &&
  (schema["enum"] !== undefined ||
    schema["const"] !== undefined ||
    [schema["type"]].flat().every((type) => isScalarType(type)));

/** Prepares the schema of a string, a number or a boolean. */
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

/**
 * Prepares a schema with a fixed list of values (`enum`, or constants in a union), and removes
 * duplicate values. The result has no `type` keyword, because the values may have different types.
 */
export const prepareChoice = (
  schema: JsonObject,
  values: readonly JsonValue[],
  labels?: string[],
): FormSchema => {
  const ownLabels = schema["x-enum-labels"] ?? schema["x-enumNames"];
  const allLabels = labels ?? (Array.isArray(ownLabels) ? ownLabels.map(String) : undefined);
  const firstIndexByValue = new Map(
    values.map((value, index): [string, number] => [toCanonicalJson(value), index]).toReversed(),
  );
  const firstIndexes = new Set(firstIndexByValue.values());
  const isFirst = (_: unknown, index: number) => firstIndexes.has(index);
  return {
    ...getAnnotations(schema),
    ...(allLabels !== undefined && { [FORM_KEYWORDS.labels]: allLabels.filter(isFirst) }),
    enum: values.filter(isFirst),
  };
};

/** Prepares a constant. A number that JavaScript cannot represent exactly is shown but not sent. */
export const prepareConstant = (schema: JsonObject, value: JsonValue): FormSchema => ({
  ...getAnnotations(schema),
  enum: [value],
  ...(!isRoundedInteger(value) && { const: value, default: value }),
});

/**
 * Returns a schema that also accepts null. Returns undefined if no single field can edit both the
 * value and null.
 */
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

/**
 * Returns the values and labels of a union whose options are all constants. Returns undefined for
 * other unions.
 */
export const listConstants = (
  options: readonly unknown[],
): { values: JsonValue[]; labels: string[] } | undefined => {
  const values: JsonValue[] = [];
  const labels: string[] = [];
  for (const option of options) {
    if (!isJsonObject(option)) return undefined;
    const list = Array.isArray(option["enum"]) ? option["enum"] : undefined;
    const constants =
      option["const"] !== undefined ? [option["const"]] : option["type"] === "null" ? [null] : list;
    if (constants === undefined) return undefined;
    values.push(...constants);
    const title = option["title"];
    labels.push(
      ...constants.map((value) =>
        typeof title === "string" && constants.length === 1 ? title : formatValue(value),
      ),
    );
  }
  return { values, labels };
};

/** Returns the label of a value without a title. */
export const formatValue = (value: JsonValue): string =>
  value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
