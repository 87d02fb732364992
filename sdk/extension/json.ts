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
  const copy = copyPlainJson(value);
  if (copy !== undefined) return copy;
  const text = stringify(value);
  if (text === undefined) return null;
  const json: JsonValue = JSON.parse(text);
  return json;
};

/** Maximum depth that is copied directly. A deeper value may be circular. */
const MAX_COPY_DEPTH = 32;

/**
 * Copies a value that contains only plain JSON, like nearly every payload and result. Takes a fifth of the
 * time of `JSON.stringify` with `rejectLossyValue` followed by `JSON.parse`. Returns undefined for any other
 * value.
 */
const copyPlainJson = (value: unknown): JsonValue | undefined => {
  try {
    return copyValue(value, 0);
  } catch {
    // A getter has thrown. `stringify` below reports that as a `NotJsonError`.
    return undefined;
  }
};

const copyValue = (value: unknown, depth: number): JsonValue | undefined => {
  if (typeof value === "string") return findUnstorableText(value) === undefined ? value : undefined;
  if (typeof value === "boolean" || value === null) return value;
  // JSON.stringify writes -0 as 0.
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value !== "object" || depth > MAX_COPY_DEPTH || "toJSON" in value) return undefined;
  return Array.isArray(value) ? copyArray(value, depth) : copyObject(value, depth);
};

const copyArray = (items: readonly unknown[], depth: number): JsonValue[] | undefined => {
  const copy: JsonValue[] = [];
  for (const item of items) {
    const copied = copyValue(item, depth + 1);
    if (copied === undefined) return undefined;
    copy.push(copied);
  }
  return copy;
};

const copyObject = (value: object, depth: number): JsonValue | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const copy: { [key: string]: JsonValue } = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const isSafeKey = key !== "__proto__" && findUnstorableText(key) === undefined;
    const copied = isSafeKey ? copyValue(member, depth + 1) : undefined;
    if (copied === undefined) return undefined;
    copy[key] = copied;
  }
  return copy;
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
