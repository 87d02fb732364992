import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkSchema, compileSchema } from "../../../server/schemas/compile-schema.ts";
import type { JsonObject } from "../../../server/schemas/schema-error.ts";

const pydantic: JsonObject = JSON.parse(
  readFileSync(new URL("pydantic.fixture.json", import.meta.url), "utf8"),
);
const draft07 = "http://json-schema.org/draft-07/schema#";
const id = "123e4567-e89b-12d3-a456-426614174000";
const at = "2026-01-31T12:00:00Z";
const faultsOf = (schema: JsonObject, value: unknown) => compileSchema(schema)(value);
const getErrorPointers = (schema: JsonObject, value: unknown) =>
  faultsOf(schema, value).map(({ pointer }) => pointer);

describe("a schema as Pydantic writes it", () => {
  test("is taken as it is, and left as it was", () => {
    const before = JSON.stringify(pydantic);

    expect(checkSchema(pydantic)).toEqual([]);
    expect(JSON.stringify(pydantic)).toBe(before);
  });

  test("takes what fits", () => {
    const tree = { value: 1, children: [{ value: 2, children: [] }, { value: 3 }] };
    const payload = {
      id,
      at,
      angle: null,
      pair: [1, "a"],
      pet: { kind: "dog", name: "Rex" },
      tree,
      extra: 1,
    };

    expect(faultsOf(pydantic, payload)).toEqual([]);
  });

  test("points at everything that does not", () => {
    const tree = { value: 1, children: [{ value: "two" }] };
    const payload = { id: "x", angle: "90", pair: [1, 2, 3], tree };

    expect(faultsOf(pydantic, payload)).toEqual(
      expect.arrayContaining([
        { pointer: "/at", detail: "is required" },
        { pointer: "/id", detail: "must be a valid uuid" },
        { pointer: "/angle", detail: "must be number or null, not string" },
        { pointer: "/pair", detail: "must have at most 2 items" },
        { pointer: "/pair/1", detail: "must be string, not number" },
        { pointer: "/tree/children/0/value", detail: "must be number, not string" },
      ]),
    );
  });
});

describe("validating", () => {
  test("coerces, fills in and removes nothing", () => {
    const payload = { a: "1", b: 2 };
    const schema = { properties: { a: { type: "number" }, c: { default: 3 } }, additionalProperties: false };

    expect(getErrorPointers(schema, payload)).toEqual(["/b", "/a"]);
    expect(payload).toEqual({ a: "1", b: 2 });
  });

  test("escapes names in pointers", () => {
    const schema = {
      properties: { "a/b~c": { type: "number" } },
      required: ["x/y"],
      additionalProperties: false,
    };

    expect(getErrorPointers(schema, { "a/b~c": "", "~": 1 }).sort()).toEqual(["/a~1b~0c", "/x~1y", "/~0"]);
  });

  test("names at most 100 faults, and one where there are too many to count", () => {
    const schema = { additionalProperties: { type: "string" } };
    const wrong = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));

    expect(faultsOf(schema, wrong(500))).toHaveLength(100);
    expect(faultsOf(schema, wrong(40_000))).toHaveLength(1);
  });

  test("never repeats a long name of the payload", () => {
    const faults = faultsOf(
      { additionalProperties: { required: ["a", "b"] } },
      { ["n".repeat(100_000)]: {} },
    );

    expect(faults).toEqual([{ pointer: "", detail: "is required" }]);
  });

  test("follows draft-07 where it is named", () => {
    const items = [{ type: "number" }, { type: "string" }];
    const schema = { $schema: draft07, properties: { pair: { items, additionalItems: false } } };

    expect(checkSchema(schema)).toEqual([]);
    expect(getErrorPointers(schema, { pair: [1, 2] })).toEqual(["/pair/1"]);
    expect(getErrorPointers(schema, { pair: [1, "2", 3] })).toEqual(["/pair"]);
    expect(
      getErrorPointers({ properties: { pair: { items, additionalItems: false } } }, { pair: [1, 2] }),
    ).toEqual(["/pair/1"]);
  });

  test("takes names of Object.prototype for names like others", () => {
    const schema = JSON.parse('{"properties":{"constructor":{"type":"number"}},"required":["toString"]}');

    expect(getErrorPointers(schema, {})).toEqual(["/toString"]);
    expect(getErrorPointers(schema, { constructor: "x", toString: 1 })).toEqual(["/constructor"]);
    expect(
      faultsOf({ additionalProperties: false }, JSON.parse('{"__proto__":{"polluted":1}}')),
    ).toHaveLength(1);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("compares values that are no plain objects to JavaScript", () => {
    const schema = {
      properties: { a: { enum: [{ toString: 1 }, [1]] }, b: { const: { valueOf: 1, x: 2 } } },
    };

    expect(faultsOf(schema, { a: { toString: 1 }, b: { x: 2, valueOf: 1 } })).toEqual([]);
    expect(getErrorPointers(schema, { a: { toString: 2 }, b: {} })).toEqual(["/a", "/b"]);
  });

  test("finds equal items whatever the order of their keys", () => {
    const schema = { properties: { a: { uniqueItems: true } } };

    expect(
      getErrorPointers(schema, {
        a: [
          { x: 1, y: [2] },
          { y: [2], x: 1 },
        ],
      }),
    ).toEqual(["/a"]);
    expect(faultsOf(schema, { a: [1, "1", [1], { 1: 1 }, null, "null"] })).toEqual([]);
  });

  test("bears with decimals in multipleOf", () => {
    const schema = { properties: { a: { multipleOf: 0.1 } } };

    expect(faultsOf(schema, { a: 0.3 })).toEqual([]);
    expect(getErrorPointers(schema, { a: 0.35 })).toEqual(["/a"]);
  });

  test("two schemas with one $id are two schemas", () => {
    const first = compileSchema({ $id: "https://a/b", properties: { a: { type: "number" } } });
    const second = compileSchema({ $id: "https://a/b", properties: { a: { type: "string" } } });

    expect(first({ a: 1 })).toEqual([]);
    expect(second({ a: 1 })).toHaveLength(1);
  });
});

describe("keywords that Ajv knows and JSON Schema does not", () => {
  test.each([
    { id: "x", properties: { a: { id: 7, nullable: true } } },
    { discriminator: { propertyName: "a" }, oneOf: [{ properties: { b: {} } }] },
    { properties: { a: { formatMinimum: "2020-01-01", "x-unit": { $ref: "https://elsewhere/" } } } },
    { properties: { a: { default: { $ref: "https://elsewhere/" }, enum: [{ $ref: "#/nowhere" }] } } },
  ])("are annotations: %j", (schema) => {
    expect(checkSchema(schema)).toEqual([]);
  });

  test("$data is not honoured, $async changes nothing", () => {
    expect(checkSchema({ properties: { a: { minimum: { $data: "1/b" } } } })).toEqual([
      { pointer: "/properties/a/minimum", detail: "must be number, not object" },
    ]);
    expect(checkSchema({ $async: true })).toEqual([]);
    expect(getErrorPointers({ $async: true, required: ["a"] }, {})).toEqual(["/a"]);
  });
});
