/**
 * A number as its JSON text, created by `JSON.rawJSON`. `JSON.stringify` writes the text unchanged.
 */
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
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
// Matches every text in which `JSON.parse` may change a number. It may also match digits inside a
// string; this only costs the time for an exact parse.
const POSSIBLY_INEXACT = /\d[\d.]{15}|[eE][+-]?\d{3}/;

/** Returns true for a number that is kept as text because JavaScript cannot represent it. */
export function isRawNumber(value: unknown): value is RawNumber {
  return isRawJSON?.(value) === true;
}

/**
 * Parses JSON like `JSON.parse`, but keeps each number beyond ±2^53 that JavaScript would change,
 * such as 9223372036854775807 or 1e400, as a `RawNumber`.
 */
export function parseExactJson(text: string): unknown {
  if (rawJSON === undefined || !POSSIBLY_INEXACT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    const isChanged =
      typeof value === "number" &&
      source !== undefined &&
      // Fractions are always parsed as doubles, because every other JSON parser rounds them too.
      (value === 0 || Math.abs(value) > Number.MAX_SAFE_INTEGER) &&
      normalizeNumber(source) !== normalizeNumber(String(value));
    return isChanged ? rawJSON(source) : value;
  });
}

/**
 * Returns the normalized text of a JSON number. Equal numbers have the same normalized text, for
 * example `15e-1` for 1.50, 15e-1 and 1.5. Returns undefined if the text is not a JSON number.
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

/**
 * Returns an upper bound for the number of digits of a number in PostgreSQL, which stores 1e5 as
 * 100000, without an exponent.
 */
export function countDigits(text: string): number {
  const [digits = "", exponent = "0"] = text.toLowerCase().split("e");
  return digits.length + Math.abs(Number(exponent));
}

/**
 * Normalizes a number that a user entered. Also accepts `+5`, `.5` and `5.`, which are not JSON.
 */
function normalizeInput(text: string): string | undefined {
  return normalizeNumber(
    text
      .replace(/^\+/, "")
      .replace(/^(-?)\./, (_, sign: string) => `${sign}0.`)
      .replace(/\.(?=$|e)/i, ""),
  );
}

/**
 * Returns true if a double can represent the number in a text exactly. Only integers are checked,
 * as on the server, because every JSON parser rounds fractions.
 */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return true;
  return normalizeInput(text) === normalizeInput(String(value));
}

/**
 * Returns true for a parsed integer that may have been rounded, so that its original value is
 * unknown.
 */
export function isRoundedInteger(value: unknown): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Returns the first number in a JSON text that `JSON.parse` would round or turn into infinity. */
export function findInexactNumber(json: string): string | undefined {
  if (!POSSIBLY_INEXACT.test(json)) return undefined;
  for (const [token] of json.matchAll(STRING_OR_NUMBER)) {
    if (!token.startsWith('"') && !isExactNumber(token)) return token;
  }
  return undefined;
}

/** Returns a message that says why a number is rejected and what to send instead. */
export function formatInexactNumberMessage(text: string): string {
  return (
    `${text.length > 40 ? `${text.slice(0, 40)}…` : text} cannot be sent exactly: ` +
    `use an integer between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}, ` +
    "or a string if the job accepts one"
  );
}

/**
 * Returns true if `value` is a multiple of `step` when both are taken as decimal numbers. For
 * example, 0.3 is a multiple of 0.1, although the quotient of the two doubles is
 * 2.9999999999999996. The quotient may therefore differ from an integer in its last bits.
 */
export function isMultipleOf(value: number, step: number): boolean {
  const quotient = value / step;
  // The quotient of a small value and a large step is close to 0, but the value is not a multiple.
  if (value !== 0 && Math.abs(quotient) < 0.5) return false;
  if (!Number.isFinite(quotient)) return value % step === 0;
  const tolerance = 4 * Number.EPSILON * Math.max(1, Math.abs(quotient));
  return Math.abs(quotient - Math.round(quotient)) <= tolerance;
}
