import { type AST, RegExpParser } from "@eslint-community/regexpp";

const parser = new RegExpParser();

// Syntax of Python, Rust, Java and PCRE outside character classes, and its equivalents in
// ECMAScript.
const FOREIGN_SPELLINGS: Readonly<Record<string, string>> = {
  "\\A": "(?<![\\s\\S])",
  "\\z": "(?![\\s\\S])",
  "\\Z": "(?![\\s\\S])",
  "(?P<": "(?<",
};

/**
 * Parses an ECMAScript pattern with the flag `u`. If the pattern is not valid with this flag,
 * parses it by the rules of ECMA-262, Annex B, and returns `isUnicode` as false. Accepts Python's
 * syntax for anchors, named groups and flags at the start. Throws a `SyntaxError`.
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
      // Throws the error that occurred with the flag `u`, because JSON Schema recommends patterns
      // that are valid with this flag.
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

/**
 * Replaces each token of a pattern with the result of `map`. A token is an escape, the start of a
 * named group, a backreference in Python's syntax, or a single character.
 */
export function mapTokens(pattern: string, map: (token: string, isInClass: boolean) => string): string {
  let isInClass = false;
  return pattern.replace(/\\.|\(\?P<|\(\?P=\w+\)|./gs, (token) => {
    const mapped = map(token, isInClass);
    if (token === "[") isInClass = true;
    else if (token === "]") isInClass = false;
    return mapped;
  });
}
