import { toCanonicalJson } from "../../../protocol/canonical-json.ts";
import { isRoundedInteger } from "../../../protocol/exact-number.ts";
import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { toSafePattern } from "../../../protocol/schema/safe-pattern.ts";
import { annotationsOf, DRAWN, type DrawnSchema, isJsonObject, pick } from "./drawn-schema.ts";

const SCALARS = ["string", "number", "integer", "boolean", "null"];
const LIMITS = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
];
const TEXTS = ["format", "contentMediaType", "contentEncoding"];

/** True for the types whose values are no objects and no arrays. */
export const isScalarType = (type: unknown): type is string =>
  typeof type === "string" && SCALARS.includes(type);

/** True for a schema, as it was written, of values that are no objects and no arrays. */
export const isScalarSource = (schema: JsonObject | undefined): boolean =>
  schema !== undefined &&
  (schema["enum"] !== undefined ||
    schema["const"] !== undefined ||
    [schema["type"]].flat().every((type) => isScalarType(type)));

/** A text, a number or a yes and no. */
export const scalar = (schema: JsonObject, type: string): DrawnSchema => {
  const pattern = toSafePattern(schema["pattern"]);
  return {
    ...annotationsOf(schema),
    ...pick(
      schema,
      (keyword) =>
        (LIMITS.includes(keyword) && typeof schema[keyword] === "number") ||
        (TEXTS.includes(keyword) && typeof schema[keyword] === "string"),
    ),
    ...(pattern !== undefined && { [DRAWN.pattern]: pattern }),
    type: type as NonNullable<DrawnSchema["type"]>,
  };
};

/** One of some values, each once. Without a type, so that values of several types can be in one list. */
export const choice = (schema: JsonObject, values: readonly JsonValue[], labels?: string[]): DrawnSchema => {
  const given = schema["x-enum-labels"] ?? schema["x-enumNames"];
  const named = labels ?? (Array.isArray(given) ? given.map(String) : undefined);
  const firstPlaces = new Map(
    values.map((value, index): [string, number] => [toCanonicalJson(value), index]).toReversed(),
  );
  const places = new Set(firstPlaces.values());
  const isFirst = (_: unknown, index: number) => places.has(index);
  return {
    ...annotationsOf(schema),
    ...(named !== undefined && { [DRAWN.labels]: named.filter(isFirst) }),
    enum: values.filter(isFirst),
  };
};

/** A value that is given. One that cannot be sent exactly is shown, and not sent. */
export const constant = (schema: JsonObject, value: JsonValue): DrawnSchema => ({
  ...annotationsOf(schema),
  enum: [value],
  ...(!isRoundedInteger(value) && { const: value, default: value }),
});

/** The same, where null is allowed besides; undefined where that is no matter of one field. */
export const nullable = (schema: DrawnSchema): DrawnSchema | undefined => {
  if (Array.isArray(schema.enum)) {
    const { const: _, ...rest } = schema;
    const labels: unknown = schema[DRAWN.labels];
    return {
      ...rest,
      ...(!schema.enum.includes(null) && {
        enum: [...schema.enum, null],
        ...(Array.isArray(labels) && { [DRAWN.labels]: [...labels, "none"] }),
      }),
      [DRAWN.nullable]: true,
    };
  }
  if (!isScalarType(schema.type)) return undefined;
  return { ...schema, type: [schema.type as "string", "null"], [DRAWN.nullable]: true };
};

/** The values of a union whose options are all single values, with what they are called. */
export const singleValues = (
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
      ...own.map((value) => (typeof title === "string" && own.length === 1 ? title : nameOf(value))),
    );
  }
  return { values, labels };
};

/** What a value is called that has no name of its own. */
export const nameOf = (value: JsonValue): string =>
  value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
