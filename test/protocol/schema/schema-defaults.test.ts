import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../protocol/json.ts";
import { keepValidDefaults } from "../../../protocol/schema/keep-valid-defaults.ts";
import { SchemaDefaults } from "../../../protocol/schema/schema-defaults.ts";

const begin = (schema: JsonObject, given?: JsonObject) =>
  new SchemaDefaults(schema).createInitialValue(schema, given);

describe("the valid defaults of a schema", () => {
  test("are kept wherever a schema can be, and what is no schema is left as it is", () => {
    const wrong = { type: "integer", default: null };
    const clean = { type: "integer" };
    const schema: JsonObject = {
      properties: { default: wrong, list: { items: wrong, prefixItems: [wrong] } },
      patternProperties: { "^a": wrong },
      additionalProperties: wrong,
      $defs: { one: wrong },
      components: { schemas: { Two: wrong } },
      allOf: [{ properties: { a: wrong } }],
      examples: [wrong],
      const: wrong,
      "x-mine": wrong,
    };

    expect(keepValidDefaults(schema)).toEqual({
      properties: { default: clean, list: { items: clean, prefixItems: [clean] } },
      patternProperties: { "^a": clean },
      additionalProperties: clean,
      $defs: { one: clean },
      components: { schemas: { Two: clean } },
      allOf: [{ properties: { a: clean } }],
      examples: [wrong],
      const: wrong,
      "x-mine": wrong,
    });
  });

  test("are those of dates and times without an offset, as pydantic writes them", () => {
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

    expect(begin({ type: "object", ...schema })).toEqual({
      when: "2024-01-01T00:00:00",
      at: "12:30:00",
      price: "1.5",
    });
  });

  test("of a tree end", () => {
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

    expect(begin(schema)).toBeDefined();
    expect(keepValidDefaults(schema)).toBeDefined();
  });

  test("of a schema that refers to itself are none", () => {
    const schema: JsonObject = {
      type: "object",
      properties: { x: { $ref: "#/$defs/a", default: 1 } },
      $defs: { a: { allOf: [{ $ref: "#/$defs/a" }] } },
    };

    expect(begin(schema)).toEqual({});
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
      "12 objects that each must hold all 12",
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
  ])("of a hostile schema end: %s", (_, schema) => {
    const clean = keepValidDefaults(schema);

    expect(JSON.stringify(clean).length).toBeLessThan(6_000_000);
    expect(begin(schema)).toBeDefined();
  });
});

test("a given payload keeps what it has, in its order, and gains only what it lacks", () => {
  const schema: JsonObject = {
    type: "object",
    properties: {
      a: { type: "integer", default: 1 },
      b: { type: "object", properties: { c: { default: 2 } } },
    },
    default: { a: 5 },
  };

  expect(JSON.stringify(begin(schema, { z: 0, b: {} }))).toBe('{"z":0,"b":{"c":2},"a":1}');
  expect(begin(schema)).toEqual({ a: 5 });
});
