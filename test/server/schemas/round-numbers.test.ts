import { describe, expect, test } from "vitest";
import { parseExactJson } from "../../../protocol/schema/exact-json.ts";
import { checkSchema, compileSchema } from "../../../server/schemas/compile-schema.ts";
import { isJsonObject } from "../../../server/schemas/schema-error.ts";

const accepts = (keywords: string, value: unknown) => {
  const schema = parseExactJson(`{"properties":{"a":{${keywords}}}}`);
  if (!isJsonObject(schema)) throw new Error("not a schema");
  expect(checkSchema(schema)).toEqual([]);
  return compileSchema(schema)({ a: value }).length === 0;
};
const TWO_TO_63 = 2 ** 63;
const BELOW = TWO_TO_63 - 1024;

describe("bound that JavaScript cannot represent", () => {
  test.each([
    ['"maximum": 9223372036854775807', BELOW, TWO_TO_63],
    ['"exclusiveMaximum": 9223372036854775807', BELOW, TWO_TO_63],
    ['"minimum": 9223372036854775807', TWO_TO_63, BELOW],
    ['"exclusiveMinimum": 9223372036854775807', TWO_TO_63, BELOW],
    ['"exclusiveMaximum": 9223372036854775808', BELOW, TWO_TO_63],
    ['"maximum": -9223372036854775807', -TWO_TO_63, -BELOW],
    ['"minimum": -9223372036854775807', -BELOW, -TWO_TO_63],
    ['"minimum": -9223372036854775808', -TWO_TO_63, -TWO_TO_63 * 2],
    ['"maximum": 18446744073709551615', 1, 2 ** 64],
    ['"minimum": -1e400', -1e308, "none"],
    ['"maximum": 1e400', 1e308, "none"],
    ['"maximum": -1e400', "none", -1e308],
    ['"minimum": 1e400', "none", 1e308],
    ['"exclusiveMinimum": 1e400', "none", Number.MAX_VALUE],
    ['"maxLength": 9223372036854775807', "long", 0n],
    ['"multipleOf": 9223372036854775807', 0, 1],
    ['"multipleOf": 1e400', 0, 1],
  ])("a bound that JavaScript cannot represent (%s) accepts %s and rejects %s", (keywords, valid, invalid) => {
    if (valid !== "none") expect(accepts(keywords, valid)).toBe(true);
    if (typeof invalid === "number") expect(accepts(keywords, invalid)).toBe(false);
  });
});

test("a const or enum value that JavaScript cannot represent matches no number", () => {
  expect(accepts('"const": 9223372036854775807', TWO_TO_63)).toBe(false);
  expect(accepts('"enum": [9223372036854775807, 1]', TWO_TO_63)).toBe(false);
  expect(accepts('"enum": [9223372036854775807, 1]', 1)).toBe(true);
  expect(accepts('"enum": [9223372036854775807]', { rawJSON: "9223372036854775807" })).toBe(false);
  expect(accepts('"const": [9223372036854775807]', [{ rawJSON: "9223372036854775807" }])).toBe(false);
});
