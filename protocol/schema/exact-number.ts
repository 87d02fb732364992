import { normalizeNumber } from "./exact-json.ts";

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/**
 * Only numbers with 16 consecutive digits or a three-digit exponent can exceed the precision or range of a
 * double.
 */
const MAY_BE_INEXACT = /\d{16}|[eE]\+?\d{3}/;

/** Normalizes a number that a user entered. Also accepts `+5`, `.5` and `5.`, which are not JSON. */
function normalizeInput(text: string): string | undefined {
  return normalizeNumber(
    text
      .replace(/^\+/, "")
      .replace(/^(-?)\./, (_, sign: string) => `${sign}0.`)
      .replace(/\.(?=$|e)/i, ""),
  );
}

/**
 * Returns true if a double can represent the number in a text exactly. Like the server, checks only integers,
 * because every JSON parser rounds fractions.
 */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return true;
  return normalizeInput(text) === normalizeInput(String(value));
}

/** Returns true for a parsed integer that may have been rounded, so that its original value is unknown. */
export function isRoundedInteger(value: unknown): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Returns the first number in a JSON text that `JSON.parse` would round or turn into infinity. */
export function findInexactNumber(json: string): string | undefined {
  if (!MAY_BE_INEXACT.test(json)) return undefined;
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
