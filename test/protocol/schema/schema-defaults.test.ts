import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../protocol/json.ts";
import { keepValidDefaults } from "../../../protocol/schema/keep-valid-defaults.ts";
import { SchemaDefaults } from "../../../protocol/schema/schema-defaults.ts";

const createValue = (schema: JsonObject, given?: JsonObject) =>
  new SchemaDefaults(schema).createInitialValue(schema, given);

describe("defaults of a schema", () => {
  test("invalid defaults are removed from every subschema, and values that are not schemas are unchanged", () => {
    const invalid = { type: "integer", default: null };
    const clean = { type: "integer" };
    const schema: JsonObject = {
      properties: { default: invalid, list: { items: invalid, prefixItems: [invalid] } },
      patternProperties: { "^a": invalid },
      additionalProperties: invalid,
      $defs: { one: invalid },
      components: { schemas: { Two: invalid } },
      allOf: [{ properties: { a: invalid } }],
      examples: [invalid],
      const: invalid,
      "x-mine": invalid,
    };

    expect(keepValidDefaults(schema)).toEqual({
      properties: { default: clean, list: { items: clean, prefixItems: [clean] } },
      patternProperties: { "^a": clean },
      additionalProperties: clean,
      $defs: { one: clean },
      components: { schemas: { Two: clean } },
      allOf: [{ properties: { a: clean } }],
      examples: [invalid],
      const: invalid,
      "x-mine": invalid,
    });
  });

  test("the defaults of a schema can be dates and times without an offset, as pydantic generates them", () => {
    const schema: JsonObject = {
      properties: {
        when: { type: "string", format: "date-time", default: "2024-01-01T00:00:00" },
        at: { type: "string", format: "time", default: "12:30:00" },
        price: {
          anyOf: [{ type: "number" }, { type: "string", pattern: "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$" }],
          default: "1.5",
        },
        never: { type: "string", format: "date-time", default: "never" },
        leap: { type: "string", format: "date", default: "2023-02-29" },
      },
    };

    expect(createValue({ type: "object", ...schema })).toEqual({
      when: "2024-01-01T00:00:00",
      at: "12:30:00",
      price: "1.5",
    });
  });

  test("the defaults of a schema can be computed for a recursive tree", () => {
    const schema: JsonObject = {
      $ref: "#/$defs/Node",
      $defs: {
        Node: {
          type: "object",
          properties: { child: { $ref: "#/$defs/Node", default: {} }, again: { $ref: "#/$defs/Node" } },
          required: ["again"],
        },
      },
    };

    expect(createValue(schema)).toBeDefined();
    expect(keepValidDefaults(schema)).toBeDefined();
  });

  test("a default is ignored if its schema only refers to itself", () => {
    const schema: JsonObject = {
      type: "object",
      properties: { x: { $ref: "#/$defs/a", default: 1 } },
      $defs: { a: { allOf: [{ $ref: "#/$defs/a" }] } },
    };

    expect(createValue(schema)).toEqual({});
  });

  test.each<[string, JsonObject]>([
    [
      "references that double at each of 40 levels",
      {
        type: "object",
        properties: { x: { $ref: "#/$defs/n0", default: {} } },
        $defs: Object.fromEntries(
          Array.from({ length: 40 }, (_, level) => [
            `n${level}`,
            {
              type: "object",
              properties: { a: { $ref: `#/$defs/n${level + 1}` }, b: { $ref: `#/$defs/n${level + 1}` } },
              required: ["a", "b"],
            },
          ]),
        ),
      },
    ],
    [
      "12 objects that each require all 12",
      {
        type: "object",
        properties: { x: { $ref: "#/$defs/n0", default: {} } },
        $defs: Object.fromEntries(
          Array.from({ length: 12 }, (_, index) => [
            `n${index}`,
            {
              type: "object",
              properties: Object.fromEntries(
                Array.from({ length: 12 }, (_, other) => [`n${other}`, { $ref: `#/$defs/n${other}` }]),
              ),
              required: Array.from({ length: 12 }, (_, other) => `n${other}`),
            },
          ]),
        ),
      },
    ],
    [
      "a default that is inlined into each of 1,000 definitions",
      {
        type: "object",
        $defs: {
          big: { enum: Array.from({ length: 1000 }, (_, index) => index), default: 3 },
          ...Object.fromEntries(
            Array.from({ length: 1000 }, (_, index) => [`n${index}`, { $ref: "#/$defs/big", default: null }]),
          ),
        },
      },
    ],
  ])("the defaults of a schema can be computed for an expensive schema: %s", (_, schema) => {
    const clean = keepValidDefaults(schema);

    expect(JSON.stringify(clean).length).toBeLessThan(6_000_000);
    expect(createValue(schema)).toBeDefined();
  });
});

test("createInitialValue keeps the members of a given payload in order, and adds only missing members", () => {
  const schema: JsonObject = {
    type: "object",
    properties: {
      a: { type: "integer", default: 1 },
      b: { type: "object", properties: { c: { default: 2 } } },
    },
    default: { a: 5 },
  };

  expect(JSON.stringify(createValue(schema, { z: 0, b: {} }))).toBe('{"z":0,"b":{"c":2},"a":1}');
  expect(createValue(schema)).toEqual({ a: 5 });
});
