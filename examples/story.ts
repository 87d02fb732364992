import { setTimeout as delay } from "node:timers/promises";
import { Extension, type RunContext } from "joblib";
import * as z from "zod";

/** Writes a story word by word, like a language model, and returns its length. */
export class Story extends Extension("demo", {
  hero: z.string().min(1).max(100).default("a water molecule").describe("Hero of the story"),
}) {
  async *run(_: unknown, { signal }: RunContext) {
    const words = `Once upon a time, ${this.hero} wanted to boil.`.split(" ");
    for (const word of words) {
      yield `${word} `;
      await delay(100, undefined, { signal }); // throws if the task was cancelled or timed out, or its lease was lost
    }
    return { words: words.length };
  }
}
