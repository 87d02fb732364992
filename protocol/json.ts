import * as z from "zod";

/** Any value that JSON (RFC 8259) can carry. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** A JSON object: what every payload and every schema is. */
export type JsonObject = { [key: string]: JsonValue };

/** True for an object that is no array, as JSON has it. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A JSON object, passed through as it came: nothing in it is copied, filled in or removed. */
export const JsonObject = z
  .custom<JsonObject>(isJsonObject, { error: "must be a JSON object" })
  .meta({ type: "object", additionalProperties: true });

/** Any JSON value, passed through as it came. */
export const JsonValue = z
  .custom<JsonValue>((value) => value !== undefined)
  .meta({ description: "any JSON" });
