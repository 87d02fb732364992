import { isRoundedInteger } from "../../protocol/exact-number.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { keepValidDefaults } from "../../protocol/schema/keep-valid-defaults.ts";
import { truncate } from "../table.ts";

/** One property of a schema, in words. */
export interface PropertyRow {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly fallback: string;
  readonly description: string;
}

/** A schema is a stranger's input: what lies deeper than this is told by its type alone. */
const MAX_DEPTH = 4;
const LONGEST_PATTERN = 40;

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** Returns a row for each property of a schema, required ones first; only a default that satisfies the schema is shown. */
export const getPropertyRows = (schema: JsonObject): PropertyRow[] => {
  const { properties, required } = keepValidDefaults(schema);
  if (!isJsonObject(properties)) return [];
  const names = Array.isArray(required) ? required : [];
  return Object.entries(properties)
    .map(([name, property]) => propertyRow(name, property, names.includes(name)))
    .sort((one, other) => Number(other.required) - Number(one.required));
};

/** What a schema says of itself. */
export const getDescription = ({ description, title }: JsonObject): string =>
  textOf(description) || textOf(title);

const propertyRow = (name: string, schema: JsonValue, required: boolean): PropertyRow => {
  const own = isJsonObject(schema) ? schema : {};
  const { default: fallback } = own;
  return {
    name,
    type: formatType(schema),
    required,
    fallback: fallback === undefined ? "" : JSON.stringify(fallback),
    description: getDescription(own),
  };
};

/** What values a schema takes, as short as a type: `number 0…360`, `"a" | "b"`, `string[]`. */
export const formatType = (schema: JsonValue | undefined, depth = 0): string => {
  if (schema === false) return "nothing";
  if (!isJsonObject(schema)) return "anything";
  const inner = (one: JsonValue | undefined) => (depth < MAX_DEPTH ? formatType(one, depth + 1) : "…");
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return schema["enum"].map((one) => JSON.stringify(one)).join(" | ");
  const either = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(either)) return [...new Set(either.map(inner))].join(" | ");
  if (typeof schema["$ref"] === "string") return schema["$ref"].slice(schema["$ref"].lastIndexOf("/") + 1);
  const { type } = schema;
  if (Array.isArray(type)) return type.map(textOf).join(" | ");
  if (type === "array") {
    const list = isJsonObject(schema["items"]) ? listText(inner(schema["items"])) : "array";
    return [list, range(schema["minItems"], schema["maxItems"], "items")]
      .filter((part) => part !== "")
      .join(" ");
  }
  if (type === "object" && isJsonObject(schema["properties"])) return shapeText(schema, schema["properties"]);
  return [textOf(type) || "anything", ...boundsOf(schema)].join(" ");
};

const MOST_NAMED = 6;

/** The members of an object by their names; `?` is behind those that may be left out. */
const shapeText = ({ required }: JsonObject, properties: JsonObject): string => {
  const needed = Array.isArray(required) ? required : [];
  const names = Object.keys(properties).map((name) => (needed.includes(name) ? name : `${name}?`));
  if (names.length === 0) return "object";
  return `{${names.slice(0, MOST_NAMED).join(", ")}${names.length > MOST_NAMED ? ", …" : ""}}`;
};

const listText = (item: string) =>
  item.includes(" ") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;

const boundsOf = (schema: JsonObject): string[] => {
  const format = textOf(schema["format"]);
  // A format's pattern, as zod writes it beside, says the same in hundreds of characters.
  const pattern = format === "" ? truncate(textOf(schema["pattern"]), LONGEST_PATTERN) : "";
  return [
    format,
    prefixed("> ", bound(schema["exclusiveMinimum"])),
    range(schema["minimum"], schema["maximum"]),
    range(schema["minLength"], schema["maxLength"], "characters"),
    prefixed("< ", bound(schema["exclusiveMaximum"])),
    pattern === "" ? "" : `/${pattern}/`,
  ].filter((part) => part !== "");
};

const range = (least: JsonValue | undefined, most: JsonValue | undefined, unit = ""): string => {
  const low = bound(least);
  const high = bound(most);
  const text = low !== "" && high !== "" ? `${low}…${high}` : prefixed("≥ ", low) || prefixed("≤ ", high);
  return text === "" || unit === "" ? text : `${text} ${unit}`;
};

const prefixed = (prefix: string, text: string) => (text === "" ? "" : prefix + text);

const SAFE = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
/** Bounds of 64-bit integers are below it; larger ones belong to numbers with fractions. */
const BEYOND_INTEGERS = 2 ** 65;

/** zod writes out the bounds of every integer. Larger ones are rounded, and limit nothing that can be sent. */
const bound = (value: JsonValue | undefined): string => {
  if (typeof value !== "number" || SAFE.includes(value)) return "";
  return isRoundedInteger(value) && Math.abs(value) < BEYOND_INTEGERS ? "" : String(value);
};
