import { normalizeNumber } from "./exact-json.ts";

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Only these can be beyond what a double holds: 16 digits, or an exponent of three. */
const MAY_BE_INEXACT = /\d{16}|[eE]\+?\d{3}/;

/** Normalizes a number that a user typed, which may also be spelled +5, .5 or 5. */
const toDecimal = (text: string): string | undefined =>
  normalizeNumber(
    text
      .replace(/^\+/, "")
      .replace(/^(-?)\./, (_, sign: string) => `${sign}0.`)
      .replace(/\.(?=$|e)/i, ""),
  );

/**
 * Returns true if a number's text keeps its value when it is read as a double. Fractions are rounded by every reader of
 * JSON, so only integers count; the server rejects the same ones.
 */
export const isExactNumber = (text: string): boolean => {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return true;
  return toDecimal(text) === toDecimal(String(value));
};

/** Returns true for a parsed integer that may have been rounded: it cannot be sent as it was written. */
export const isRoundedInteger = (value: unknown): boolean =>
  Number.isInteger(value) && !Number.isSafeInteger(value);

/** Returns the first number in a JSON text that `JSON.parse` would round or turn into infinity. */
export const findInexactNumber = (json: string): string | undefined => {
  if (!MAY_BE_INEXACT.test(json)) return undefined;
  for (const [token] of json.matchAll(STRING_OR_NUMBER)) {
    if (!token.startsWith('"') && !isExactNumber(token)) return token;
  }
  return undefined;
};

/** Explains why a number is rejected, and what to send instead. */
export const formatInexactNumberMessage = (text: string): string =>
  `${text.length > 40 ? `${text.slice(0, 40)}…` : text} cannot be sent exactly: ` +
  `use a whole number between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}, ` +
  "or text if the job accepts it";
