import { randomUUID } from "node:crypto";
import type { JsonObject } from "../protocol/index.ts";

/**
 * Marks the position of raw JSON in the output of `JSON.stringify`. It is random, so that no client
 * can send it.
 */
const PLACEHOLDER = `raw-json:${randomUUID()}`;

/**
 * The raw JSON values that the current call of `serialize` has found, in order. Undefined outside
 * `serialize`.
 */
let collected: (readonly string[])[] | undefined;

/**
 * A value as JSON text, which is copied from the database to the response without parsing. `texts`
 * are the consecutive pieces of the text.
 */
export class Serialized<out Value = unknown> {
  readonly texts: readonly string[];
  /**
   * Never set. With this member, TypeScript distinguishes `Serialized` objects whose values have
   * different types.
   */
  declare readonly valueType?: Value;

  constructor(texts: readonly string[]) {
    this.texts = texts;
  }

  /** Called by `JSON.stringify`. Outside `serialize`, returns the parsed value. */
  toJSON(): unknown {
    if (collected === undefined) return JSON.parse(this.texts.join(""));
    collected.push(this.texts);
    return PLACEHOLDER;
  }
}

/** A value, or its serialized form. Members of a value may be serialized too. */
export type Serializable<Value> =
  | Value
  | Serialized<Value>
  // The recursion ends at a type that allows any JSON object, because this type contains itself.
  | ([JsonObject] extends [Value] ? never : SerializableMembers<Value>);

type SerializableMembers<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Serializable<Value[Key]> }
  : never;

export const parseSerialized = <Value>(value: Value | Serialized<Value>): Value =>
  value instanceof Serialized ? JSON.parse(value.texts.join("")) : value;

/**
 * Combines serialized values into one serialized list. Without this, there would be one placeholder
 * per value, which takes as much time as parsing the values. Returns the list unchanged if any
 * value is not serialized.
 */
export function joinSerialized<Item, Value>(
  values: (Item | Serialized<Value>)[],
): (Item | Serialized<Value>)[] | Serialized<Value[]> {
  const texts: string[] = [];
  for (const value of values) {
    if (!(value instanceof Serialized)) return values;
    texts.push(texts.length === 0 ? "[" : ",", ...value.texts);
  }
  texts.push(texts.length === 0 ? "[]" : "]");
  return new Serialized(texts);
}

/** Serializes a value that may contain raw JSON. Returns the pieces of the text, in order. */
function serialize(value: unknown): readonly string[] {
  collected = [];
  try {
    const text = JSON.stringify(value);
    if (collected.length === 0) return [text];
    const [first = "", ...rest] = text.split(`"${PLACEHOLDER}"`);
    return [first, ...rest.flatMap((part, index) => [...(collected?.[index] ?? []), part])];
  } finally {
    collected = undefined;
  }
}

/** Serializes a value like `JSON.stringify`. The value may contain `Serialized` values. */
export const stringify = (value: unknown): string => serialize(value).join("");

/** Responses with this many characters are encoded in pieces, which is 3 × as fast for 1 MB. */
const LARGE_BODY_CHARACTERS = 262_144;
/**
 * Minimum length of a serialized text that is kept as a separate piece. Shorter texts are joined
 * with the texts next to them.
 */
export const LONG_TEXT = 4_096;

/** Serializes a response body. Small bodies are returned as a string, large ones as a buffer. */
export function toResponseBody(value: unknown): string | Buffer {
  const texts = serialize(value);
  if (texts.reduce((sum, { length }) => sum + length, 0) < LARGE_BODY_CHARACTERS) return texts.join("");
  const bytes = Buffer.allocUnsafeSlow(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  texts.reduce((offset, text) => offset + bytes.write(text, offset), 0);
  return bytes;
}
