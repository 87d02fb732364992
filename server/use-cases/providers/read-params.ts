import { hash } from "node:crypto";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MAX_READ_QUERY_LENGTH,
  Problem,
  toCanonicalJson,
} from "../../../protocol/index.ts";
import { validationError } from "../jobs/schema-checks.ts";

/**
 * Parses the query string of a read with the types in the provider's schema. If the schema allows a
 * string, the parameter is text. Otherwise, it is parsed as JSON. An array is one JSON array or a
 * repeated parameter. Throws a 413 if the query is too long, and a 422 if it is invalid.
 */
export function parseReadParams(query: string, schema: JsonObject): JsonObject {
  if (query.length > MAX_READ_QUERY_LENGTH) {
    throw new Problem("payload-too-large", `The query is longer than ${MAX_READ_QUERY_LENGTH} characters.`);
  }
  const search = new URLSearchParams(query);
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const params = new Map<string, JsonValue>();
  for (const name of new Set(search.keys())) {
    if (name === "__proto__") throw validationError("The parameter __proto__ is not allowed.", []);
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    params.set(name, parseValues(name, search.getAll(name), property));
  }
  return Object.fromEntries(params);
}

/** Returns the key of a read: equal parameters have the same key. */
export function toReadKey(params: JsonObject): string {
  return hash("sha256", toCanonicalJson(params));
}

function parseValues(name: string, texts: readonly string[], property: JsonValue | undefined): JsonValue {
  const types = findTypes(property);
  const items = isJsonObject(property) ? property["items"] : undefined;
  if (types.has("array")) {
    const [first] = texts;
    const list = texts.length === 1 && first !== undefined ? parseJson(first) : undefined;
    return Array.isArray(list) ? list : texts.map((text) => parseValue(text, findTypes(items)));
  }
  const [text = "", ...more] = texts;
  if (more.length > 0) {
    throw validationError("The query is invalid; see `errors`.", [
      { pointer: `/${name}`, detail: "must not be repeated" },
    ]);
  }
  return parseValue(text, types);
}

function parseValue(text: string, types: ReadonlySet<string>): JsonValue {
  return types.has("string") ? text : (parseJson(text) ?? text);
}

/** Returns the parsed JSON, or undefined if the text is not JSON. */
function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the JSON types that a schema of a parameter names directly or in its alternatives. */
function findTypes(schema: JsonValue | undefined, depth = 0): Set<string> {
  const types = new Set<string>();
  if (!isJsonObject(schema) || depth > 4) return types;
  const { type, anyOf, oneOf, allOf } = schema;
  for (const name of [type].flat()) if (typeof name === "string") types.add(name);
  const values = Array.isArray(schema["enum"]) ? schema["enum"] : [schema["const"]];
  if (values.some((value) => typeof value === "string")) types.add("string");
  for (const branch of [anyOf, oneOf, allOf].flat()) {
    for (const name of findTypes(branch, depth + 1)) types.add(name);
  }
  return types;
}
