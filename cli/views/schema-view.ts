import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { isRoundedInteger } from "../../protocol/schema/exact-json.ts";
import { keepValidDefaults } from "../../protocol/schema/keep-valid-defaults.ts";
import { FILE_KEYWORD } from "../../protocol/tasks/file.ts";
import { truncate } from "../io/text-width.ts";
import { formatSize, joinParts } from "./units.ts";

/** A property of a schema, as text. */
export interface PropertyRow {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly defaultValue: string;
  readonly description: string;
}

/**
 * Maximum depth of a formatted schema, because schemas are untrusted. Deeper parts are shown as
 * `…`.
 */
const MAX_DEPTH = 4;
const MAX_PATTERN_LENGTH = 40;

const getText = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/**
 * Returns a row for each property of a schema, required properties first. A default is included
 * only if it satisfies the schema.
 */
export function getPropertyRows(schema: JsonObject): PropertyRow[] {
  const { properties, required } = keepValidDefaults(schema);
  if (!isJsonObject(properties)) return [];
  const names = Array.isArray(required) ? required : [];
  return Object.entries(properties)
    .map(([name, property]) => toPropertyRow(name, property, names.includes(name)))
    .sort((left, right) => Number(right.required) - Number(left.required));
}

/** Returns the description of a schema. If it has none, returns its title. */
export function getDescription({ description, title }: JsonObject): string {
  return getText(description) || getText(title);
}

function toPropertyRow(name: string, schema: JsonValue, required: boolean): PropertyRow {
  const object = isJsonObject(schema) ? schema : {};
  const { default: defaultValue } = object;
  return {
    name,
    type: formatType(schema),
    required,
    defaultValue: defaultValue === undefined ? "" : JSON.stringify(defaultValue),
    description: getDescription(object),
  };
}

/**
 * Formats the values that a schema accepts as a short type: `number 0…360`, `"a" | "b"`,
 * `string[]`.
 */
export function formatType(schema: JsonValue | undefined, depth = 0): string {
  if (schema === false) return "nothing";
  if (!isJsonObject(schema)) return "anything";
  const inner = (subschema: JsonValue | undefined) =>
    depth < MAX_DEPTH ? formatType(subschema, depth + 1) : "…";
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => JSON.stringify(value)).join(" | ");
  const branches = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(branches)) return [...new Set(branches.map(inner))].join(" | ");
  if (typeof schema["$ref"] === "string") return schema["$ref"].slice(schema["$ref"].lastIndexOf("/") + 1);
  if (isJsonObject(schema[FILE_KEYWORD])) return formatFile(schema[FILE_KEYWORD]);
  const { type } = schema;
  if (Array.isArray(type)) return type.map(getText).join(" | ");
  if (type === "array") {
    const list = isJsonObject(schema["items"]) ? formatList(inner(schema["items"])) : "array";
    return joinParts([list, formatRange(schema["minItems"], schema["maxItems"], "items")]);
  }
  if (type === "object" && isJsonObject(schema["properties"]))
    return formatShape(schema, schema["properties"]);
  return [getText(type) || "anything", ...getBounds(schema)].join(" ");
}

function formatFile({ media_types: types, max_size: maxSize }: JsonObject): string {
  const size = typeof maxSize === "number" ? `at most ${formatSize(maxSize)}` : "";
  return joinParts(["file", Array.isArray(types) ? types.map(getText).join(" | ") : "", size]);
}

const MAX_NAMED_MEMBERS = 6;

/** Lists the members of an object. Names of optional members end with `?`. */
function formatShape({ required }: JsonObject, properties: JsonObject): string {
  const requiredNames = Array.isArray(required) ? required : [];
  const names = Object.keys(properties).map((name) => (requiredNames.includes(name) ? name : `${name}?`));
  if (names.length === 0) return "object";
  return `{${names.slice(0, MAX_NAMED_MEMBERS).join(", ")}${names.length > MAX_NAMED_MEMBERS ? ", …" : ""}}`;
}

function formatList(item: string) {
  return item.includes(" ") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
}

function getBounds(schema: JsonObject): string[] {
  const format = getText(schema["format"]);
  // A pattern next to a format is omitted, because zod adds a pattern of hundreds of characters to
  // each format.
  const pattern = format === "" ? truncate(getText(schema["pattern"]), MAX_PATTERN_LENGTH) : "";
  return [
    format,
    addPrefix("> ", formatBound(schema["exclusiveMinimum"])),
    formatRange(schema["minimum"], schema["maximum"]),
    formatRange(schema["minLength"], schema["maxLength"], "characters"),
    addPrefix("< ", formatBound(schema["exclusiveMaximum"])),
    pattern === "" ? "" : `/${pattern}/`,
  ].filter((part) => part !== "");
}

function formatRange(minimum: JsonValue | undefined, maximum: JsonValue | undefined, unit = ""): string {
  const low = formatBound(minimum);
  const high = formatBound(maximum);
  const text = low !== "" && high !== "" ? `${low}…${high}` : addPrefix("≥ ", low) || addPrefix("≤ ", high);
  return text === "" || unit === "" ? text : `${text} ${unit}`;
}

const addPrefix = (prefix: string, text: string) => (text === "" ? "" : prefix + text);

const SAFE_INTEGER_BOUNDS = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
/**
 * Bounds of 64-bit integers are smaller than this. A larger bound belongs to a floating-point
 * number.
 */
const MAX_INTEGER_BOUND = 2 ** 65;

/**
 * Formats a bound. Omits the bounds of safe integers, which zod adds. Also omits integer bounds
 * that JavaScript may have rounded, because the original value is not known.
 */
function formatBound(value: JsonValue | undefined): string {
  if (typeof value !== "number" || SAFE_INTEGER_BOUNDS.includes(value)) return "";
  return isRoundedInteger(value) && Math.abs(value) < MAX_INTEGER_BOUND ? "" : String(value);
}
