import { randomUUID } from "node:crypto";
import type { JsonValue } from "../protocol/index.ts";

/** Stands for a raw text while its surroundings are written; nobody outside can know it. */
const MARK = `raw-json:${randomUUID()}`;

let collected: (readonly string[])[] | undefined;

/** JSON that stays a text, or texts one after the other: from the database to the answer it is neither parsed nor written anew. */
class RawJson {
  readonly texts: readonly string[];

  constructor(texts: readonly string[]) {
    this.texts = texts;
  }

  /** Heard by `JSON.stringify`; anybody's but ours gets the value. */
  toJSON(): unknown {
    if (collected === undefined) return JSON.parse(this.texts.join(""));
    collected.push(this.texts);
    return MARK;
  }
}

/** A value for whoever only passes it on: it has no members to look at, and is written as its texts. */
export const createRawJson = <Value = JsonValue>(...texts: readonly string[]): Value =>
  new RawJson(texts) as never;

/** A list for whoever only passes it on: of raw texts it is one, for a mark for each cost as much as reading them. */
export const joinRawList = <Value>(values: Value[]): Value[] => {
  const texts: string[] = [];
  for (const value of values) {
    if (!(value instanceof RawJson)) return values;
    texts.push(texts.length === 0 ? "[" : ",", ...value.texts);
  }
  texts.push(texts.length === 0 ? "[]" : "]");
  return new RawJson(texts) as never;
};

/** What `JSON.stringify` would write, with raw texts in their places, as texts that follow each other. */
const textsOf = (value: unknown): readonly string[] => {
  collected = [];
  try {
    const shell = JSON.stringify(value);
    if (collected.length === 0) return [shell];
    const [first = "", ...rest] = shell.split(`"${MARK}"`);
    return [first, ...rest.flatMap((part, index) => [...(collected?.[index] ?? []), part])];
  } finally {
    collected = undefined;
  }
};

/** `JSON.stringify`, with raw texts in their places. */
export const stringify = (value: unknown): string => textsOf(value).join("");

/** From here on in bytes: of a text they are counted first and written afterwards, which is as dear again. */
const LARGE = 262_144;
/** A longer text is written to its place at once, and not put together with its neighbours before. */
export const LONG_TEXT = 4_096;

/** The same for an answer: bytes where it is large, which ten tasks of 100 KB are, each text written once. */
export const toResponseBody = (value: unknown): string | Buffer => {
  const texts = textsOf(value);
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
  joined.reduce((at, text) => at + bytes.write(text, at), 0);
  return bytes;
};
