/** A number as its JSON text, created by `JSON.rawJSON`. `JSON.stringify` writes the text unchanged. */
export interface RawNumber {
  readonly rawJSON: string;
}

interface JsonWithRawText {
  rawJSON?: (text: string) => RawNumber;
  isRawJSON?: (value: unknown) => boolean;
}

// These functions are part of ECMAScript 2026. TypeScript's library and older browsers lack them.
const { rawJSON, isRawJSON } = JSON as JSON & JsonWithRawText;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
// Matches every text in which `JSON.parse` may change a number. A match inside a string only costs time.
const MAY_CHANGE = /\d[\d.]{15}|[eE][+-]?\d{3}/;

/** Returns true for a number that is kept as text because JavaScript cannot represent it. */
export function isRawNumber(value: unknown): value is RawNumber {
  return isRawJSON?.(value) === true;
}

/**
 * Parses JSON like `JSON.parse`, but keeps each number beyond ±2^53 that JavaScript would change, such as
 * 9223372036854775807 or 1e400, as a `RawNumber`.
 */
export function parseExactJson(text: string): unknown {
  if (rawJSON === undefined || !MAY_CHANGE.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    const isChanged =
      typeof value === "number" &&
      source !== undefined &&
      // Fractions become doubles, because every JSON parser rounds them.
      (value === 0 || Math.abs(value) > Number.MAX_SAFE_INTEGER) &&
      normalizeNumber(source) !== normalizeNumber(String(value));
    return isChanged ? rawJSON(source) : value;
  });
}

/**
 * Returns the normalized text of a JSON number. It is the same for equal values, such as `15e-1` for 1.50,
 * 15e-1 and 1.5. Returns undefined if the text is not a JSON number.
 */
export function normalizeNumber(text: string): string | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** Returns the number of digits of a number in PostgreSQL, which stores it without an exponent: 1e5 as 100000. */
export function countDigits(text: string): number {
  const [digits = "", exponent = "0"] = text.toLowerCase().split("e");
  return digits.length + Math.abs(Number(exponent));
}
