import { type Passage, readMarkdown, readSource } from "./extract.ts";
import { NAME_PATTERNS, PROSE_PATTERNS } from "./patterns.ts";

/** A phrase or a name in the checked text that joblib does not use. */
export interface Finding {
  readonly line: number;
  /** The phrase and the words around it, or the name. */
  readonly found: string;
  readonly instead: string;
}

const CONTEXT_CHARACTERS = 40;

function findInPassage({ kind, line, text }: Passage): Finding[] {
  const flat = text.replace(/\s+/g, " ").trim();
  return PROSE_PATTERNS.filter(({ kinds }) => kinds === undefined || kinds.includes(kind)).flatMap(
    ({ phrase, instead }) =>
      [...flat.matchAll(phrase)].map(({ index, 0: matched }) => {
        const before = flat.slice(Math.max(0, index - CONTEXT_CHARACTERS), index);
        const after = flat.slice(index + matched.length, index + matched.length + CONTEXT_CHARACTERS);
        return { line, found: `${before}[${matched}]${after}`, instead };
      }),
  );
}

/** Finds unwanted phrases in a Markdown document, in the order of its lines. */
export function findInMarkdown(source: string): readonly Finding[] {
  return readMarkdown(source).flatMap(findInPassage);
}

/**
 * Finds unwanted phrases in the comments, texts and test titles, and unwanted names, of a
 * TypeScript or TSX file.
 */
export function findInSource(path: string, source: string): readonly Finding[] {
  const { passages, names } = readSource(path, source);
  const inNames = names.flatMap(({ name, line, isFunction }) =>
    NAME_PATTERNS.filter(
      (pattern) => pattern.name.test(name) && (isFunction || pattern.onlyFunctions !== true),
    ).map(({ instead }) => ({ line, found: name, instead })),
  );
  return [...passages.flatMap(findInPassage), ...inNames].sort((a, b) => a.line - b.line);
}
