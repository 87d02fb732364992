import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findInexactNumber, isExactNumber } from "../../../protocol/schema/exact-json.ts";
import { parseJsonBody } from "../../../server/http/json-body.ts";

describe("isExactNumber", () => {
  test.each([
    "0",
    "-0",
    "007",
    "1e3",
    "0.1",
    "0.12345678901234567890",
    "9007199254740991",
    "-9007199254740991",
    "9007199254740992",
    "1e300",
    "1.7976931348623157e308",
    "12345678901234567000",
    "1e-400",
  ])("isExactNumber returns true for %s", (text) => {
    expect(isExactNumber(text)).toBe(true);
  });

  test.each([
    "9007199254740993",
    "-9007199254740993",
    "9007199254740993.0",
    "90071992547409930e-1",
    "9223372036854775807",
    "1e400",
  ])("isExactNumber returns false for %s", (text) => {
    expect(isExactNumber(text)).toBe(false);
  });

  test("isExactNumber returns false for an integer if and only if the server rejects the integer", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        const text = String(integer);
        const parse = () => parseJsonBody(Buffer.from(text));
        if (isExactNumber(text)) expect(parse()).toBe(Number(text));
        else expect(parse).toThrow("The body is invalid");
      }),
    );
  });
});

test.each([
  ['{"a": [1, {"b": 9007199254740993}]}', "9007199254740993"],
  ['{"9007199254740993": "9007199254740993", "c": "\\"9007199254740993"}', undefined],
  ["[1e999]", "1e999"],
  ['["\\\\", 9007199254740993]', "9007199254740993"],
  ["[9007199254740991, 0.12345678901234567890]", undefined],
])("findInexactNumber of %s returns %s", (json, expected) => {
  expect(findInexactNumber(json)).toBe(expected);
});

test("findInexactNumber does not overflow the stack for a long string", () => {
  const text = "\\n".repeat(2_000_000);

  expect(findInexactNumber(`["${text}", 9007199254740993]`)).toBe("9007199254740993");
});
