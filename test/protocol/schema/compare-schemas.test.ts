import * as fc from "fast-check";
import { expect, test } from "vitest";
import { diffSchemas, type JsonValue, schemasMatch, toCanonicalJson } from "../../../protocol/index.ts";

const reverseKeys = (value: JsonValue): JsonValue =>
  Array.isArray(value)
    ? value.map(reverseKeys)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, member]) => [key, reverseKeys(member)]),
        )
      : value;

test("two schemas that differ only in the order of their keys match", () => {
  const json = fc
    .jsonValue({ noUnicodeString: false })
    .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

  fc.assert(fc.property(json, (value) => schemasMatch(value, reverseKeys(value))));
});

test("two schemas with different defaults, enums or keywords do not match", () => {
  const schema = { type: "object", properties: { a: { type: "number", default: 0, enum: [0, 1] } } };

  expect(schemasMatch(schema, { ...schema, required: ["a"] })).toBe(false);
  expect(schemasMatch({ enum: [1, 2] }, { enum: [2, 1] })).toBe(false);
  expect(schemasMatch({ default: 0 }, { default: 1 })).toBe(false);
});

test("numbers are compared by value, because RFC 8785 normalizes them", () => {
  expect(toCanonicalJson(JSON.parse('{"b":1.0,"a":1e2}'))).toBe('{"a":100,"b":1}');
});

test("diffSchemas returns the JSON Patch operations that change the registered schemas into the requested schemas", () => {
  const registered = { schema: { properties: { angle: { type: "number" } } }, resultSchema: null };
  const requested = {
    schema: { properties: { angle: { type: "string" } } },
    resultSchema: { type: "object" },
  };

  expect(diffSchemas(registered, requested)).toEqual([
    { op: "replace", path: "/properties/angle/type", value: "string" },
    { op: "replace", path: "/result_schema", value: { type: "object" } },
  ]);
});
