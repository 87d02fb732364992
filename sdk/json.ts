import { JsonValue } from "../protocol/index.ts";
import { JoblibError } from "./errors.ts";

/** Why a value is no JSON. */
export class NotJsonError extends JoblibError {}

/**
 * The JSON of a value: undefined is null, members that are undefined are left out, `toJSON` is heard.
 * What `JSON.stringify` would lose in silence (NaN, functions, maps, bytes) is refused.
 */
export const toJson = (value: unknown): JsonValue => {
  const text = stringify(value);
  return text === undefined ? null : JsonValue.parse(JSON.parse(text));
};

const stringify = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value, refuse);
  } catch (error) {
    if (error instanceof NotJsonError) throw error;
    throw new NotJsonError(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
};

function refuse(this: unknown, key: string, value: unknown): unknown {
  const lost = lostKind(value);
  if (lost !== undefined)
    throw new NotJsonError(`${key === "" ? "the value" : JSON.stringify(key)} is ${lost}`);
  return value;
}

const lostKind = (value: unknown): string | undefined => {
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
export const keepable = (text: string, maxBytes: number): string => {
  const clean = text.toWellFormed().replaceAll("\u0000", "\ufffd");
  const bytes = new TextEncoder().encode(clean);
  if (bytes.length <= maxBytes) return clean;
  const mark = "… (cut)";
  const room = maxBytes - new TextEncoder().encode(mark).length;
  // A character that the cut went through becomes one U+FFFD, which could be longer than what it replaces.
  return new TextDecoder().decode(bytes.subarray(0, room - 3)).replace(/\ufffd$/, "") + mark;
};
