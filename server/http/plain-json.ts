import { MAX_DEPTH } from "./scan-json.ts";

/**
 * Matches text for which `JSON.parse` may accept what the scanner rejects: Unicode escapes and `__proto__`.
 */
const NEEDS_SCAN = /\\u|__proto__/;
/** `JSON.parse` may round a number with this many digits in a row. */
const MIN_INEXACT_DIGITS = 16;
/** A number with this many digits in its exponent may be infinite. */
const MIN_INFINITE_EXPONENT_DIGITS = 3;
const LOWER_BIT = 0x20;
const LOWER_E = 0x65;
const POINT = 0x2e;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Setting this bit maps `[` to `{` and `]` to `}`, and no other character to either of them. */
const BRACE_BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/**
 * Returns true for digits after a decimal point. There may be any number of them, because only integers must
 * be exact.
 */
const isFraction = (text: string, at: number): boolean => text.charCodeAt(at - 1) === POINT;

/** Returns true for digits after `e`, `e+` or `e-`. */
const isExponent = (text: string, at: number): boolean => {
  const before = text.charCodeAt(at - 1);
  const isSigned = before === 0x2b || before === 0x2d;
  return ((isSigned ? text.charCodeAt(at - 2) : before) | LOWER_BIT) === LOWER_E;
};

/** Returns the index of the quote that ends the string, or the length of the text if there is none. */
const findStringEnd = (text: string, from: number): number => {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
};

/** Returns the index after the last digit. */
const findDigitsEnd = (text: string, from: number): number => {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
};

/** Returns true if nesting and numbers are within the limits. The result is meaningless if the text is not JSON. */
const isWithinLimits = (text: string): boolean => {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = findStringEnd(text, at);
    } else if ((code | BRACE_BIT) === OPEN) {
      depth += 1;
      if (depth > MAX_DEPTH) return false;
    } else if ((code | BRACE_BIT) === CLOSE) {
      depth -= 1;
    } else if (isDigit(code)) {
      const end = findDigitsEnd(text, at);
      const isLong = end - at >= (isExponent(text, at) ? MIN_INFINITE_EXPONENT_DIGITS : MIN_INEXACT_DIGITS);
      if (isLong && !isFraction(text, at)) return false;
      at = end - 1;
    }
  }
  return true;
};

/**
 * Returns true if `JSON.parse` and the scanner are known to give the same result for this text, so that the
 * slower scan can be skipped. This is true for almost all bodies. The check takes a fifth of the time of a
 * scan.
 */
export const isPlainJson = (text: string): boolean => !NEEDS_SCAN.test(text) && isWithinLimits(text);
