import { randomUUID } from "node:crypto";
import type { JsonValue } from "../protocol/index.ts";

/** Placeholder for raw JSON in the output of `JSON.stringify`. It is random, so that no client can send it. */
const PLACEHOLDER = `raw-json:${randomUUID()}`;

/** The raw JSON of the running `serialize`, in the order of its placeholders. */
let collected: (readonly string[])[] | undefined;

/** JSON as one or several consecutive texts, which pass from the database to the response without being parsed. */
class RawJson {
  readonly texts: readonly string[];

  constructor(texts: readonly string[]) {
    this.texts = texts;
  }

  /** Called by `JSON.stringify`. Outside `serialize` it returns the parsed value. */
  toJSON(): unknown {
    if (collected === undefined) return JSON.parse(this.texts.join(""));
    collected.push(this.texts);
    return PLACEHOLDER;
  }
}

/** Creates a value from JSON texts. Its members cannot be read: it can only be serialized. */
export const createRawJson = <Value = JsonValue>(...texts: readonly string[]): Value =>
  new RawJson(texts) as never;

/**
 * Combines a list of raw JSON values into one, which can only be serialized. Returns other lists unchanged. One
 * placeholder per value would cost as much as parsing the values.
 */
export const joinRawList = <Value>(values: Value[]): Value[] => {
  const texts: string[] = [];
  for (const value of values) {
    if (!(value instanceof RawJson)) return values;
    texts.push(texts.length === 0 ? "[" : ",", ...value.texts);
  }
  texts.push(texts.length === 0 ? "[]" : "]");
  return new RawJson(texts) as never;
};

/** Serializes a value that may contain raw JSON. Returns consecutive texts. */
const serialize = (value: unknown): readonly string[] => {
  collected = [];
  try {
    const text = JSON.stringify(value);
    if (collected.length === 0) return [text];
    const [first = "", ...rest] = text.split(`"${PLACEHOLDER}"`);
    return [first, ...rest.flatMap((part, index) => [...(collected?.[index] ?? []), part])];
  } finally {
    collected = undefined;
  }
};

/** Serializes a value like `JSON.stringify`, including raw JSON. */
export const stringify = (value: unknown): string => serialize(value).join("");

/**
 * Characters from which a response is encoded here. Node encodes a string twice: to count its bytes and to write them.
 */
const LARGE = 262_144;
/** Length from which a text is written to the buffer by itself; shorter texts are joined first. */
export const LONG_TEXT = 4_096;

/**
 * Serializes a response body. Large ones, for example ten tasks of 100 KB, become bytes, into which each text is
 * written once.
 */
export const toResponseBody = (value: unknown): string | Buffer => {
  const texts = serialize(value);
  if (texts.reduce((sum, { length }) => sum + length, 0) < LARGE) return texts.join("");
  const joined: string[] = [];
  let short = "";
  for (const text of texts) {
    if (text.length < LONG_TEXT) {
      short += text;
    } else {
      joined.push(short, text);
      short = "";
    }
  }
  joined.push(short);
  const bytes = Buffer.allocUnsafeSlow(joined.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  joined.reduce((offset, text) => offset + bytes.write(text, offset), 0);
  return bytes;
};
