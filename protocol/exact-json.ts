/** A number as its JSON text, as `JSON.rawJSON` makes it: `JSON.stringify` writes the text unchanged. */
export interface RawNumber {
  readonly rawJSON: string;
}

interface JsonWithRawText {
  rawJSON?: (text: string) => RawNumber;
  isRawJSON?: (value: unknown) => boolean;
}

// ECMAScript 2026; TypeScript's library does not have them yet, and older browsers neither.
const { rawJSON, isRawJSON } = JSON as JSON & JsonWithRawText;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
// No shorter number is changed by `JSON.parse`. In a string this costs time, and nothing else.
const SUSPECT = /\d[\d.]{15}|[eE][+-]?\d{3}/;

/** Returns true for a number that JavaScript cannot represent, and that is therefore kept as text. */
export function isRawNumber(value: unknown): value is RawNumber {
  return isRawJSON?.(value) === true;
}

/**
 * Parses JSON like `JSON.parse`, but keeps each number beyond ±2^53 that JavaScript would change, such as
 * 9223372036854775807 or 1e400, as an `RawNumber`.
 */
export function parseExactJson(text: string): unknown {
  if (rawJSON === undefined || !SUSPECT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    const isChanged =
      typeof value === "number" &&
      source !== undefined &&
      // A fraction with more digits than JavaScript keeps is rounded, as everywhere else.
      (value === 0 || Math.abs(value) > Number.MAX_SAFE_INTEGER) &&
      normalizeNumber(source) !== normalizeNumber(String(value));
    return isChanged ? rawJSON(source) : value;
  });
}

/**
 * Returns one spelling for every JSON number of the same value: 1.50, 15e-1 and 1.5 are `15e-1`. Returns undefined for
 * what is no number of JSON.
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

/** Returns how many digits a number has when it is written without an exponent, as PostgreSQL stores it. */
export function countDigits(text: string): number {
  const [digits = "", exponent = "0"] = text.toLowerCase().split("e");
  return digits.length + Math.abs(Number(exponent));
}
