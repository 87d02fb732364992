import { isRawNumber, type RawNumber } from "../../protocol/schema/exact-json.ts";
import type { JsonObject } from "./schema-error.ts";

const ROUNDED_DOWN = ["maximum", "exclusiveMinimum"];
const ROUNDED_UP = ["minimum", "exclusiveMaximum"];
// Keywords in which a `RawNumber` is kept. Payloads contain only numbers that JavaScript can
// represent, so no value equals it.
const NOT_ROUNDED = ["const", "enum"];

/**
 * Replaces each `RawNumber` of a schema, which is a number with its exact text, by a JavaScript
 * number. A bound is rounded in the direction in which it allows the same payloads. Values of
 * `const` and `enum` are unchanged.
 */
export function roundNumbers(schema: object): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, roundMember(keyword, value)]),
  );
}

function roundMember(keyword: string, value: unknown): unknown {
  if (isRawNumber(value)) return NOT_ROUNDED.includes(keyword) ? value : round(value, keyword);
  if (Array.isArray(value)) return value.map((item) => roundMember(keyword, item));
  return typeof value === "object" && value !== null ? roundNumbers(value) : value;
}

function round({ rawJSON }: RawNumber, keyword: string): number {
  const nearest = Number(rawJSON);
  const difference = compare(nearest, rawJSON);
  if (ROUNDED_DOWN.includes(keyword) && difference > 0) return getNeighbour(nearest, -1);
  return ROUNDED_UP.includes(keyword) && difference < 0 ? getNeighbour(nearest, 1) : nearest;
}

/** Compares a number with the number in a text, which must be integers or infinite. */
function compare(number: number, text: string): number {
  if (!Number.isFinite(number)) return number;
  return /^-?\d+$/.test(text) ? Number(BigInt(number) - BigInt(text)) : 0;
}

/**
 * Returns the next larger or smaller number that JavaScript can represent. Supports only large
 * numbers.
 */
function getNeighbour(number: number, direction: 1 | -1): number {
  if (!Number.isFinite(number)) return Math.sign(number) * Number.MAX_VALUE;
  const bits = new BigInt64Array(1);
  const numbers = new Float64Array(bits.buffer);
  numbers[0] = number;
  bits[0] = (bits[0] ?? 0n) + (number > 0 ? BigInt(direction) : BigInt(-direction));
  return numbers[0];
}
