import { type AST, RegExpParser } from "@eslint-community/regexpp";

const parser = new RegExpParser();

// Escapes of Python, Rust, Java and PCRE outside character classes, and their ECMAScript
// equivalents.
const FOREIGN_SPELLINGS: Readonly<Record<string, string>> = {
  "\\A": "(?<![\\s\\S])",
  "\\z": "(?![\\s\\S])",
  "\\Z": "(?![\\s\\S])",
  "(?P<": "(?<",
};

/**
 * Parses an ECMAScript pattern: with the flag `u` (`isUnicode`) if it is valid with this flag, else
 * by the rules of ECMA-262, Annex B. Accepts Python's spelling of anchors, named groups and leading
 * flags. Throws a `SyntaxError`.
 */
export function parsePattern(pattern: string): { readonly tree: AST.Pattern; readonly isUnicode: boolean } {
  const source = translateSpelling(pattern);
  const parse = (unicode: boolean) => parser.parsePattern(source, 0, source.length, { unicode });
  try {
    return { tree: parse(true), isUnicode: true };
  } catch (error) {
    try {
      return { tree: parse(false), isUnicode: false };
    } catch {
      // JSON Schema recommends patterns that are valid with the flag `u`, so the first error is
      // more useful.
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

/** Replaces tokens: escapes, starts of named groups, Python's backreferences and characters. */
export function mapTokens(pattern: string, map: (token: string, isInClass: boolean) => string): string {
  let isInClass = false;
  return pattern.replace(/\\.|\(\?P<|\(\?P=\w+\)|./gs, (token) => {
    const mapped = map(token, isInClass);
    if (token === "[") isInClass = true;
    else if (token === "]") isInClass = false;
    return mapped;
  });
}
