import { type AST, RegExpParser } from "@eslint-community/regexpp";

/** A pattern that was read, and whether it counts code points (the flag `u`) or UTF-16 code units. */
export interface ParsedPattern {
  readonly tree: AST.Pattern;
  readonly isUnicode: boolean;
}

const parser = new RegExpParser();

// Python, Rust, Java and PCRE have their own words for these. In a character class, they mean something else.
const foreignSpellings: Readonly<Record<string, string>> = {
  "\\A": "(?<![\\s\\S])",
  "\\z": "(?![\\s\\S])",
  "\\Z": "(?![\\s\\S])",
  "(?P<": "(?<",
};

/**
 * Reads an ECMAScript pattern, by the rules of the flag `u` if they allow it, and by those of Annex B otherwise. Accepts
 * Python's spelling of anchors, named groups and leading flags. Throws a `SyntaxError` for all else.
 */
export function parsePattern(pattern: string): ParsedPattern {
  const source = translateSpelling(pattern);
  try {
    return { tree: parser.parsePattern(source, 0, source.length, { unicode: true }), isUnicode: true };
  } catch (error) {
    try {
      return { tree: parser.parsePattern(source, 0, source.length, { unicode: false }), isUnicode: false };
    } catch {
      // The first reason is the one that helps: JSON Schema recommends patterns for the flag `u`.
      throw error;
    }
  }
}

function translateSpelling(pattern: string): string {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const body = flags === null ? pattern : pattern.slice(flags[0].length);
  let isInClass = false;
  const translated = body.replace(/\\.|\(\?P<|\(\?P=(\w+)\)|[[\]]/gs, (token, name: string | undefined) => {
    if (token === "[") isInClass = true;
    else if (token === "]") isInClass = false;
    if (isInClass) return token;
    if (name !== undefined) return `\\k<${name}>`;
    return foreignSpellings[token] ?? token;
  });
  return flags === null ? translated : `(?${flags[1]}:${translated})`;
}
