import { type AST, RegExpParser } from "@eslint-community/regexpp";

/** A parsed pattern. With `isUnicode` it matches code points (the flag `u`) instead of UTF-16 code units. */
export interface ParsedPattern {
  readonly tree: AST.Pattern;
  readonly isUnicode: boolean;
}

const parser = new RegExpParser();

// Escapes of Python, Rust, Java and PCRE, and their ECMAScript equivalents. They have another meaning inside
// a character class.
const FOREIGN_SPELLINGS: Readonly<Record<string, string>> = {
  "\\A": "(?<![\\s\\S])",
  "\\z": "(?![\\s\\S])",
  "\\Z": "(?![\\s\\S])",
  "(?P<": "(?<",
};

/**
 * Parses an ECMAScript pattern with the flag `u` if possible, and by the rules of ECMA-262, Annex B otherwise. Accepts
 * Python's spelling of anchors, named groups and leading flags. Throws a `SyntaxError` if the pattern is invalid.
 */
export function parsePattern(pattern: string): ParsedPattern {
  const source = translateSpelling(pattern);
  try {
    return { tree: parser.parsePattern(source, 0, source.length, { unicode: true }), isUnicode: true };
  } catch (error) {
    try {
      return { tree: parser.parsePattern(source, 0, source.length, { unicode: false }), isUnicode: false };
    } catch {
      // The error of the first attempt is more useful, because JSON Schema recommends patterns that are valid
      // with the flag `u`.
      throw error;
    }
  }
}

function translateSpelling(pattern: string): string {
  const [prefix = "", flags] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  const translated = mapTokens(pattern.slice(prefix.length), (token, isInClass) => {
    if (isInClass) return token;
    return FOREIGN_SPELLINGS[token] ?? token.replace(/^\(\?P=(\w+)\)$/, "\\k<$1>");
  });
  return flags === undefined ? translated : `(?${flags}:${translated})`;
}

/** Replaces the tokens of a pattern: escapes, the start of a named group, Python's backreferences and single characters. */
export function mapTokens(pattern: string, map: (token: string, isInClass: boolean) => string): string {
  let isInClass = false;
  return pattern.replace(/\\.|\(\?P<|\(\?P=\w+\)|./gs, (token) => {
    const mapped = map(token, isInClass);
    if (token === "[") isInClass = true;
    else if (token === "]") isInClass = false;
    return mapped;
  });
}
