import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { escapeText } from "../io/sanitize.ts";

/** Maximum depth of a copied schema. Servers accept at most 64 levels. */
const MAX_DEPTH = 100;

/**
 * Keywords that are copied unchanged, because they describe a type. `tsType` and `tsEnumNames` must
 * not be copied: `json-schema-to-typescript` would print their values as code.
 */
const COPIED_KEYWORDS = new Set(["type", "enum", "const", "required", "$ref", "deprecated"]);
const SCHEMA_KEYWORDS = new Set(["items", "additionalItems", "additionalProperties"]);
const LIST_KEYWORDS = new Set(["anyOf", "oneOf", "allOf"]);
const MAP_KEYWORDS = new Set(["properties", "patternProperties", "definitions", "$defs"]);

/** Escapes text for a comment, so that it cannot end the comment. */
export function escapeComment(text: string): string {
  return escapeText(text).replaceAll("*/", "*\\/");
}

function cleanSubschema(value: JsonValue, depth: number): JsonValue {
  return isJsonObject(value) ? cleanSchema(value, depth + 1) : value === true || value === false ? value : {};
}

function cleanMap(value: JsonValue, depth: number): JsonValue {
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cleanSubschema(item, depth)]))
    : {};
}

/**
 * Converts tuples from draft 2020-12 to older drafts, because `json-schema-to-typescript` supports
 * only tuples of older drafts: `prefixItems` and `items` become `items` and `additionalItems`.
 */
function cleanItems({ items, prefixItems }: JsonObject, depth: number): JsonObject {
  if (Array.isArray(prefixItems)) {
    const parts = prefixItems.map((item) => cleanSubschema(item, depth));
    const rest = items === undefined ? true : cleanSubschema(items, depth);
    return { items: parts, additionalItems: rest, minItems: parts.length };
  }
  if (Array.isArray(items)) return { items: items.map((item) => cleanSubschema(item, depth)) };
  return {};
}

function cleanEntry(name: string, value: JsonValue, depth: number): [string, JsonValue][] {
  if (COPIED_KEYWORDS.has(name)) return [[name, value]];
  if (SCHEMA_KEYWORDS.has(name)) return [[name, cleanSubschema(value, depth)]];
  if (MAP_KEYWORDS.has(name)) return [[name, cleanMap(value, depth)]];
  if (LIST_KEYWORDS.has(name) && Array.isArray(value))
    return [[name, value.map((item) => cleanSubschema(item, depth))]];
  if (name === "description" && typeof value === "string") return [[name, escapeComment(value)]];
  return [];
}

/**
 * Allows any members in an object schema that declares no members. By default,
 * `json-schema-to-typescript` is configured to allow none.
 */
function allowAnyMember(schema: JsonObject): JsonObject {
  return schema["type"] === "object" &&
    schema["properties"] === undefined &&
    schema["additionalProperties"] === undefined
    ? { additionalProperties: true }
    : {};
}

/**
 * Copies an untrusted schema. Keeps only the keywords that `json-schema-to-typescript` supports and
 * does not print as code.
 */
export function cleanSchema(schema: JsonObject, depth = 0): JsonObject {
  if (depth > MAX_DEPTH) return {};
  const entries = Object.entries(schema).flatMap(([name, value]) => cleanEntry(name, value, depth));
  return { ...Object.fromEntries(entries), ...cleanItems(schema, depth), ...allowAnyMember(schema) };
}
