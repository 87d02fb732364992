import { readFileSync } from "node:fs";

/** A fenced block of TypeScript whose first line is its file's name. */
const BLOCK = /^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm;

/** The files that a document tells its reader to write, by their names. */
export const snippetsOf = (document: string): Map<string, string> => {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  return new Map([...text.matchAll(BLOCK)].map(([, name = "", code = ""]) => [name, code]));
};
