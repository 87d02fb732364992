import canonicalize from "canonicalize";
import * as z from "zod";

/** Any JSON value (RFC 8259). */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** A JSON object. Payloads and schemas are JSON objects. */
export type JsonObject = { [key: string]: JsonValue };

/** Returns true for a JSON object. Arrays are not objects. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON object. zod passes it through unchanged, without a copy. */
export const JsonObject = z
  .custom<JsonObject>(isJsonObject, { error: "must be a JSON object" })
  .meta({ type: "object", additionalProperties: true });

/** Any JSON value. zod passes it through unchanged, without a copy. */
export const JsonValue = z
  .custom<JsonValue>((value) => value !== undefined)
  .meta({ description: "any JSON" });

/**
 * Returns the canonical form of a JSON value (RFC 8785). Equal values have the same text,
 * regardless of key order.
 */
export function toCanonicalJson(value: JsonValue): string {
  return canonicalize(value) ?? "null";
}
