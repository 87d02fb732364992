import { isRawNumber, type RawNumber } from "../../protocol/schema/exact-json.ts";
import type { JsonObject } from "./schema-error.ts";

const DOWN = ["maximum", "exclusiveMinimum"];
const UP = ["minimum", "exclusiveMaximum"];
// Payloads contain only numbers that JavaScript can represent, so no payload equals a `RawNumber` in these
// keywords.
const UNCHANGED = ["const", "enum"];

/**
 * Returns a schema in which each `RawNumber` is replaced by a number. A bound between two JavaScript numbers is rounded to
 * the one that allows the same payloads. Values of `const` and `enum` are unchanged.
 */
export function roundNumbers(schema: JsonObject): JsonObject {
  return hasExactNumber(schema) ? roundMembers(schema) : schema;
}

function hasExactNumber(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isRawNumber(value) || Object.values(value).some(hasExactNumber);
}

function roundMembers(schema: object): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, roundMember(keyword, value)]),
  );
}

function roundMember(keyword: string, value: unknown): unknown {
  if (isRawNumber(value)) return UNCHANGED.includes(keyword) ? value : round(value, keyword);
  if (Array.isArray(value)) return value.map((item) => roundMember(keyword, item));
  return typeof value === "object" && value !== null ? roundMembers(value) : value;
}

function round({ rawJSON }: RawNumber, keyword: string): number {
  const nearest = Number(rawJSON);
  if (DOWN.includes(keyword)) return isAbove(nearest, rawJSON) ? getNeighbour(nearest, -1) : nearest;
  if (UP.includes(keyword)) return isAbove(-nearest, negate(rawJSON)) ? getNeighbour(nearest, 1) : nearest;
  return nearest;
}

/** Returns true if a number is greater than the number in a text. Correct only for integers and infinity. */
function isAbove(number: number, text: string): boolean {
  if (!Number.isFinite(number)) return number > 0;
  return /^-?\d+$/.test(text) && Number.isInteger(number) && BigInt(number) > BigInt(text);
}

function negate(text: string): string {
  return text.startsWith("-") ? text.slice(1) : `-${text}`;
}

/**
 * Returns the next larger or smaller number that JavaScript can represent. Correct only for large numbers.
 */
function getNeighbour(number: number, direction: 1 | -1): number {
  if (!Number.isFinite(number)) return Math.sign(number) * Number.MAX_VALUE;
  const bits = new BigInt64Array(1);
  const numbers = new Float64Array(bits.buffer);
  numbers[0] = number;
  bits[0] = (bits[0] ?? 0n) + (number > 0 ? BigInt(direction) : BigInt(-direction));
  return numbers[0];
}
