import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { escapeText } from "../sanitize.ts";

/** Deeper than any schema that a server takes. */
const DEEPEST = 100;

/** What says something about a type. Not `tsType` and `tsEnumNames`: the generator writes them as code. */
const AS_THEY_ARE = new Set(["type", "enum", "const", "required", "$ref", "deprecated"]);
const SCHEMAS = new Set(["items", "additionalItems", "additionalProperties"]);
const LISTS = new Set(["anyOf", "oneOf", "allOf"]);
const MAPS = new Set(["properties", "patternProperties", "definitions", "$defs"]);

/** Text in a comment that cannot end it. */
export const escapeComment = (text: string): string => escapeText(text).replaceAll("*/", "*\\/");

const schemaOf = (value: JsonValue, depth: number): JsonValue =>
  isJsonObject(value) ? cleanSchema(value, depth + 1) : value === true || value === false ? value : {};

const mapOf = (value: JsonValue, depth: number): JsonValue =>
  isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, schemaOf(one, depth)]))
    : {};

/** Tuples as the generator knows them: draft 2020-12 calls their parts `prefixItems`, and the rest `items`. */
const listParts = ({ items, prefixItems }: JsonObject, depth: number): JsonObject => {
  if (Array.isArray(prefixItems)) {
    const parts = prefixItems.map((one) => schemaOf(one, depth));
    const rest = items === undefined ? true : schemaOf(items, depth);
    return { items: parts, additionalItems: rest, minItems: parts.length };
  }
  if (Array.isArray(items)) return { items: items.map((one) => schemaOf(one, depth)) };
  return {};
};

const entryOf = (name: string, value: JsonValue, depth: number): [string, JsonValue][] => {
  if (AS_THEY_ARE.has(name)) return [[name, value]];
  if (SCHEMAS.has(name)) return [[name, schemaOf(value, depth)]];
  if (MAPS.has(name)) return [[name, mapOf(value, depth)]];
  if (LISTS.has(name) && Array.isArray(value)) return [[name, value.map((one) => schemaOf(one, depth))]];
  if (name === "description" && typeof value === "string") return [[name, escapeComment(value)]];
  return [];
};

/** An object of which nothing is said may hold anything; one whose members are named holds those. */
const openness = (schema: JsonObject): JsonObject =>
  schema["type"] === "object" &&
  schema["properties"] === undefined &&
  schema["additionalProperties"] === undefined
    ? { additionalProperties: true }
    : {};

/** A stranger's schema, with what the generator of types understands, and nothing that it would write out as code. */
export const cleanSchema = (schema: JsonObject, depth = 0): JsonObject => {
  if (depth > DEEPEST) return {};
  const entries = Object.entries(schema).flatMap(([name, value]) => entryOf(name, value, depth));
  return { ...Object.fromEntries(entries), ...listParts(schema, depth), ...openness(schema) };
};
