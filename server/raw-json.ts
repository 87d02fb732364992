import { randomUUID } from "node:crypto";
import type { JsonValue } from "../protocol/index.ts";

/** Stands for a raw text while its surroundings are written; nobody outside can know it. */
const MARK = `raw-json:${randomUUID()}`;

let collected: string[] | undefined;

/** JSON that stays a text: from the database to the answer it is neither parsed nor written anew. */
class RawJson {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  /** Heard by `JSON.stringify`; anybody's but ours gets the value. */
  toJSON(): unknown {
    if (collected === undefined) return JSON.parse(this.#text);
    collected.push(this.#text);
    return MARK;
  }
}

/** A value for whoever only passes it on: it has no members to look at, and is written as its text. */
export const rawJson = <Value = JsonValue>(text: string): Value => new RawJson(text) as never;

/** A list for whoever only passes it on: of raw texts it is one, for a mark for each cost as much as reading them. */
export const rawList = <Value>(values: Value[]): Value[] => {
  const texts: string[] = [];
  for (const value of values) {
    if (!(value instanceof RawJson)) return values;
    texts.push(value.text);
  }
  return rawJson<Value[]>(`[${texts.join(",")}]`);
};

/** `JSON.stringify`, with raw texts in their places. */
export const stringify = (value: unknown): string => {
  collected = [];
  try {
    const shell = JSON.stringify(value);
    if (collected.length === 0) return shell;
    const [first = "", ...rest] = shell.split(`"${MARK}"`);
    return rest.reduce((text, part, index) => text + collected?.[index] + part, first);
  } finally {
    collected = undefined;
  }
};
