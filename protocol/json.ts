import * as z from "zod";

/** Any value that JSON (RFC 8259) can carry. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** A JSON object. Every payload and every schema is one. */
export type JsonObject = { [key: string]: JsonValue };

/** Returns true for a JSON object, which is not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON object that is passed through without a copy, defaults or removals. */
export const JsonObject = z
  .custom<JsonObject>(isJsonObject, { error: "must be a JSON object" })
  .meta({ type: "object", additionalProperties: true });

/** Any JSON value, passed through without a copy. */
export const JsonValue = z
  .custom<JsonValue>((value) => value !== undefined)
  .meta({ description: "any JSON" });
