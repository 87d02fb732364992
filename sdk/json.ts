import type { JsonValue } from "../protocol/index.ts";
import { JoblibError } from "./errors.ts";

/** Why a value is no JSON. */
export class NotJsonError extends JoblibError {}

/**
 * Returns the JSON of a value: undefined becomes null, members that are undefined are left out, `toJSON` is called.
 * Throws `NotJsonError` for what `JSON.stringify` would lose silently (NaN, functions, maps, bytes), and for text that no
 * server stores (U+0000, half of a surrogate pair), so that a task fails with that reason before anything is sent.
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

/** Deeper, it may be a circle. */
const MAX_COPY_DEPTH = 32;

/**
 * The copy of what is nothing but JSON, as nearly every payload and result is, for a fifth of what it takes to write it
 * out with `refuse` and read it again. Undefined where it is more than that, or cannot be told at once.
 */
const copyPlainJson = (value: unknown): JsonValue | undefined => {
  try {
    return copyValue(value, 0);
  } catch {
    // A getter that throws; the long way says so.
    return undefined;
  }
};

const copyValue = (value: unknown, depth: number): JsonValue | undefined => {
  if (typeof value === "string") return findUnstorableText(value) === undefined ? value : undefined;
  if (typeof value === "boolean" || value === null) return value;
  // JSON has no −0.
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value !== "object" || depth > MAX_COPY_DEPTH || "toJSON" in value) return undefined;
  return Array.isArray(value) ? copyArray(value, depth) : copyObject(value, depth);
};

const copyArray = (items: readonly unknown[], depth: number): JsonValue[] | undefined => {
  const copy: JsonValue[] = [];
  for (const item of items) {
    const own = copyValue(item, depth + 1);
    if (own === undefined) return undefined;
    copy.push(own);
  }
  return copy;
};

const copyObject = (value: object, depth: number): JsonValue | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const copy: { [key: string]: JsonValue } = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const isUsual = key !== "__proto__" && findUnstorableText(key) === undefined;
    const own = isUsual ? copyValue(member, depth + 1) : undefined;
    if (own === undefined) return undefined;
    copy[key] = own;
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
  if (badKey !== undefined) throw new NotJsonError(`the name ${JSON.stringify(key)} has ${badKey}`);
  const where = key === "" ? "the value" : JSON.stringify(key);
  const lost = describeLossyValue(value);
  if (lost !== undefined) throw new NotJsonError(`${where} is ${lost}`);
  const bad = typeof value === "string" ? findUnstorableText(value) : undefined;
  if (bad !== undefined) throw new NotJsonError(`${where} has ${bad}`);
  return value;
}

/** Returns what PostgreSQL cannot store of a text (and so the server refuses); undefined if it can. */
const findUnstorableText = (text: string): string | undefined => {
  if (!text.isWellFormed()) return "half of a surrogate pair";
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

/** Text that every server can keep: no U+0000 and no lone surrogates, and not longer than so many UTF-8 bytes. */
export const toStorableText = (text: string, maxBytes: number): string => {
  const clean = text.toWellFormed().replaceAll("\u0000", "\ufffd");
  const bytes = new TextEncoder().encode(clean);
  if (bytes.length <= maxBytes) return clean;
  const mark = "… (cut)";
  const room = maxBytes - new TextEncoder().encode(mark).length;
  // A character that the cut went through becomes one U+FFFD, which could be longer than what it replaces.
  return new TextDecoder().decode(bytes.subarray(0, room - 3)).replace(/\ufffd$/, "") + mark;
};

/** Returns any value as text, also one whose `toString` throws: a report must not fail the task that makes it. */
export const toText = (value: unknown): string => {
  if (typeof value === "string") return value;
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
};
