import { readFileSync } from "node:fs";

/** A fenced block of TypeScript whose first line is a comment with its file name. */
const BLOCK = /^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm;

/** Returns the TypeScript files that a document contains, by file name. */
export const readSnippets = (document: string): Map<string, string> => {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  return new Map([...text.matchAll(BLOCK)].map(([, name = "", code = ""]) => [name, code]));
};
