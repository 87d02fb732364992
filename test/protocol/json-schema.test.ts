import * as fc from "fast-check";
import { expect, test } from "vitest";
import { diffSchemas, type JsonValue, schemasMatch, toCanonicalJson } from "../../protocol/index.ts";

const reversed = (value: JsonValue): JsonValue =>
  Array.isArray(value)
    ? value.map(reversed)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, member]) => [key, reversed(member)]),
        )
      : value;

test("the order of keys never matters", () => {
  const json = fc
    .jsonValue({ noUnicodeString: false })
    .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

  fc.assert(fc.property(json, (value) => schemasMatch(value, reversed(value))));
});

test("another default, another enum or an added property is another schema", () => {
  const schema = { type: "object", properties: { a: { type: "number", default: 0, enum: [0, 1] } } };

  expect(schemasMatch(schema, { ...schema, required: ["a"] })).toBe(false);
  expect(schemasMatch({ enum: [1, 2] }, { enum: [2, 1] })).toBe(false);
  expect(schemasMatch({ default: 0 }, { default: 1 })).toBe(false);
});

test("numbers are compared by value, as RFC 8785 writes them", () => {
  expect(toCanonicalJson(JSON.parse('{"b":1.0,"a":1e2}'))).toBe('{"a":100,"b":1}');
});

test("the diff leads from the registered schema to the offered one", () => {
  const registered = { schema: { properties: { angle: { type: "number" } } }, resultSchema: null };
  const offered = { schema: { properties: { angle: { type: "string" } } }, resultSchema: { type: "object" } };

  expect(diffSchemas(registered, offered)).toEqual([
    { op: "replace", path: "/properties/angle/type", value: "string" },
    { op: "replace", path: "/result_schema", value: { type: "object" } },
  ]);
});
