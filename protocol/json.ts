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
