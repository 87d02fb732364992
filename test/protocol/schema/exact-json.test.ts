import { describe, expect, test } from "vitest";
import {
  countDigits,
  isRawNumber,
  normalizeNumber,
  parseExactJson,
} from "../../../protocol/schema/exact-json.ts";

describe("parseExactJson", () => {
  test.each([
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "79228162514264337593543950335",
    "1e400",
    "-1E+400",
    "1e-400",
    "9007199254740993",
  ])("parseExactJson preserves the text of %s", (number) => {
    const text = `{"a":[${number}],"b":"${number}"}`;

    expect(JSON.stringify(parseExactJson(text))).toBe(text);
  });

  test.each([
    "1",
    "-0",
    "1.5",
    "1.50",
    "1e2",
    "9007199254740992",
    "1e300",
    "123456789.123456",
    "0.1",
    "1e22",
    "0.1000000000000000055511",
  ])("parseExactJson returns a number for %s, because JavaScript can represent it", (number) => {
    expect(parseExactJson(`[${number}, "${"9".repeat(20)}"]`)).toEqual([Number(number), "9".repeat(20)]);
  });

  test("parseExactJson distinguishes a raw number from an object with a member rawJSON", () => {
    expect(isRawNumber(parseExactJson("9223372036854775807"))).toBe(true);
    expect(isRawNumber({ rawJSON: "9223372036854775807" })).toBe(false);
  });
});

describe("normalizeNumber", () => {
  test.each([
    ["1.50", "15e-1"],
    ["15e-1", "15e-1"],
    ["9223372036854775807", "9223372036854775807e0"],
    ["9223372036854775807.0", "9223372036854775807e0"],
    ["1E+400", "1e400"],
    ["10e399", "1e400"],
    ["-0.0", "0"],
    ["Infinity", undefined],
  ])("normalizeNumber normalizes %s to %s", (text, normalized) => {
    expect(normalizeNumber(text)).toBe(normalized);
  });
});

test("countDigits returns the number of digits that PostgreSQL stores", () => {
  expect(["123", "1e400", "1e-400", "1.5"].map(countDigits)).toEqual([3, 401, 401, 3]);
});
