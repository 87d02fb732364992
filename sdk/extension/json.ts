import type { JsonValue } from "../../protocol/index.ts";
import { JoblibError } from "../errors.ts";

/**
 * Thrown if a payload or result cannot be represented as JSON without loss. The message contains
 * the name of the member that has the value.
 */
export class NotJsonError extends JoblibError {}

/**
 * Returns a JSON copy of a value: undefined becomes null, undefined members are omitted, and
 * `toJSON` is called. Throws `NotJsonError` for values that `JSON.stringify` would lose (NaN,
 * functions, maps, bytes), and for text that the server cannot store (U+0000, lone surrogates).
 * This takes a fifth of the time of a copy with `JSON.stringify` and `JSON.parse`.
 */
export const toJson = (value: unknown): JsonValue => {
  try {
    return copyValue("", value) ?? null;
  } catch (error) {
    if (error instanceof NotJsonError) throw error;
    if (error instanceof RangeError) throw new NotJsonError("the value is circular or nested too deeply");
    // The error was thrown by a getter or a `toJSON` method of the value.
    throw new NotJsonError(error instanceof Error ? error.message : toText(error));
  }
};

/** Copies the value of a member or an array element. Returns undefined if JSON omits the member. */
function copyValue(key: string | number, value: unknown): JsonValue | undefined {
  const isObject = typeof value === "object" && value !== null;
  if (isObject && "toJSON" in value && typeof value.toJSON === "function")
    return copyPlainValue(key, Reflect.apply(value.toJSON, value, [String(key)]));
  return copyPlainValue(key, value);
}

function copyPlainValue(key: string | number, value: unknown): JsonValue | undefined {
  if (value === undefined || value === null || typeof value === "boolean") return value;
  if (Array.isArray(value)) return copyArray(value);
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return copyObject(value);
  const loss = describeLoss(value);
  if (loss !== undefined)
    throw new NotJsonError(`${key === "" ? "the value" : JSON.stringify(String(key))} ${loss}`);
  if (typeof value === "string") return value;
  // Converts -0 to 0, as `JSON.stringify` does.
  if (typeof value === "number") return value + 0;
  return isBoxed(value) ? copyPlainValue(key, value.valueOf()) : copyObject(value);
}

function copyArray(items: readonly unknown[]): JsonValue[] {
  const copy: JsonValue[] = [];
  for (let index = 0; index < items.length; index += 1) copy.push(copyValue(index, items[index]) ?? null);
  return copy;
}

function copyObject(value: object): JsonValue {
  const copy: { [key: string]: JsonValue } = {};
  for (const [name, member] of Object.entries(value)) {
    const badName = findUnstorableText(name);
    if (badName !== undefined) throw new NotJsonError(`the name ${JSON.stringify(name)} contains ${badName}`);
    const copied = copyValue(name, member);
    if (copied === undefined) continue;
    if (name !== "__proto__") copy[name] = copied;
    else
      Object.defineProperty(copy, name, {
        value: copied,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return copy;
}

/**
 * Describes why JSON or the server cannot store a value. Returns undefined if the value can be
 * stored.
 */
function describeLoss(value: unknown): string | undefined {
  if (typeof value === "string") {
    const badText = findUnstorableText(value);
    return badText && `contains ${badText}`;
  }
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `is ${value}`;
  if (typeof value !== "object") return `is a ${typeof value}`;
  if (value instanceof Map || value instanceof Set || value instanceof Promise)
    return `is a ${value.constructor.name}`;
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? "is binary data" : undefined;
}

const isBoxed = (value: object): boolean =>
  value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt;

/**
 * Describes the part of a text that PostgreSQL cannot store. Returns undefined if it can store the
 * whole text.
 */
function findUnstorableText(text: string): string | undefined {
  if (!text.isWellFormed()) return "a lone surrogate";
  return text.includes("\u0000") ? "the character U+0000" : undefined;
}

/**
 * Replaces U+0000 and lone surrogates, which the server cannot store. Truncates the text to
 * `maxBytes` bytes of UTF-8.
 */
export const toStorableText = (text: string, maxBytes: number): string => {
  const clean = text.toWellFormed().replaceAll("\u0000", "\ufffd");
  if (Buffer.byteLength(clean) <= maxBytes) return clean;
  const suffix = "… (truncated)";
  const beginning = new Uint8Array(maxBytes - Buffer.byteLength(suffix));
  // `encodeInto` writes only whole characters, so the text is not cut within a character.
  return clean.slice(0, new TextEncoder().encodeInto(clean, beginning).read) + suffix;
};

/**
 * Converts any value to text. Never throws, even if the value's `toString` does, because a task
 * must not fail while it logs or reports a value.
 */
export const toText = (value: unknown): string => {
  if (typeof value === "string") return value;
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
};
