import type { JsonValue } from "../../protocol/index.ts";
import { JoblibError } from "../errors.ts";

/** Thrown if a payload or result cannot be represented as JSON without loss. The message names the value. */
export class NotJsonError extends JoblibError {}

/**
 * Returns a JSON copy of a value: undefined becomes null, undefined members are omitted, and `toJSON` is
 * called. Throws `NotJsonError` for values that `JSON.stringify` would silently lose (NaN, functions, maps,
 * bytes), and for text that the server cannot store (U+0000, lone surrogates), so that a task fails with this
 * reason before anything is sent.
 */
export const toJson = (value: unknown): JsonValue => {
  if (value === undefined) return null;
  const text = stringify(value);
  if (text === undefined) return null;
  const json: JsonValue = JSON.parse(text);
  return json;
};

const stringify = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value, rejectLossyValue);
  } catch (error) {
    if (error instanceof NotJsonError) throw error;
    throw new NotJsonError(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
};

function rejectLossyValue(this: unknown, key: string, value: unknown): unknown {
  const badKey = findUnstorableText(key);
  if (badKey !== undefined) throw new NotJsonError(`the name ${JSON.stringify(key)} contains ${badKey}`);
  const label = key === "" ? "the value" : JSON.stringify(key);
  const lossy = describeLossyValue(value);
  if (lossy !== undefined) throw new NotJsonError(`${label} is ${lossy}`);
  const badText = typeof value === "string" ? findUnstorableText(value) : undefined;
  if (badText !== undefined) throw new NotJsonError(`${label} contains ${badText}`);
  return value;
}

/** Returns the part of a text that PostgreSQL cannot store, or undefined if there is none. */
const findUnstorableText = (text: string): string | undefined => {
  if (!text.isWellFormed()) return "a lone surrogate";
  return text.includes("\u0000") ? "the character U+0000" : undefined;
};

const describeLossyValue = (value: unknown): string | undefined => {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
    return `a ${typeof value}`;
  }
  if (value instanceof Map || value instanceof Set || value instanceof Promise) {
    return `a ${value.constructor.name}`;
  }
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? "binary data" : undefined;
};

/** Replaces U+0000 and lone surrogates, which the server cannot store, and truncates to `maxBytes` of UTF-8. */
export const toStorableText = (text: string, maxBytes: number): string => {
  const clean = text.toWellFormed().replaceAll("\u0000", "\ufffd");
  if (Buffer.byteLength(clean) <= maxBytes) return clean;
  const suffix = "… (truncated)";
  const beginning = new Uint8Array(maxBytes - Buffer.byteLength(suffix));
  // `encodeInto` never cuts a character.
  return clean.slice(0, new TextEncoder().encodeInto(clean, beginning).read) + suffix;
};

/** Returns any value as text, even if its `toString` throws, because a report must not fail its task. */
export const toText = (value: unknown): string => {
  if (typeof value === "string") return value;
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
};
