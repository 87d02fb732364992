import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import { isMultipleOf } from "../../../protocol/schema/exact-json.ts";
import { satisfies } from "../../../protocol/schema/satisfies.ts";
import { OutOfStepsError, StepBudget } from "../../../protocol/schema/step-budget.ts";

import { compileSchema } from "../../../server/schemas/compile-schema.ts";

const isSatisfied = (value: JsonValue, schema: JsonObject) =>
  satisfies(value, schema, { root: schema, budget: new StepBudget(100_000) });

/**
 * Values for the tests of each keyword. Each keyword accepts some of these values and rejects
 * others.
 */
const VALUES: readonly JsonValue[] = [
  null,
  true,
  0,
  1,
  1.5,
  -3,
  0.3,
  "",
  "a",
  "ab",
  "2024-01-01",
  "ada@example.org",
  "😀",
  [],
  [1],
  [1, 1],
  [1, "a"],
  ["a", 1, null],
  {},
  { a: 1 },
  { a: "1" },
  { a: 1, b: 2 },
  { b: 2 },
  { a: { a: { a: 1 } } },
];

describe("satisfies", () => {
  test.each<JsonObject>([
    {},
    { type: "integer" },
    { type: ["string", "null"] },
    { enum: [1, "a", null, { a: 1 }] },
    { const: [1, 1] },
    { minimum: 1, maximum: 1.5 },
    { exclusiveMinimum: 0, exclusiveMaximum: 1.5 },
    { multipleOf: 0.1 },
    { minLength: 1, maxLength: 1 },
    { type: "string", pattern: "^a" },
    { type: "string", format: "date" },
    { type: "string", format: "email" },
    { type: "array", items: { type: "integer" }, minItems: 1, uniqueItems: true },
    { prefixItems: [{ type: "integer" }], items: { type: "string" } },
    { prefixItems: [{ type: "integer" }], items: false },
    { contains: { type: "integer" }, minContains: 2 },
    { properties: { a: { type: "integer" } }, required: ["a"], additionalProperties: false },
    { additionalProperties: { type: "integer" } },
    { patternProperties: { "^a": { type: "integer" } }, additionalProperties: false },
    { propertyNames: { pattern: "^a" }, minProperties: 1 },
    { maxProperties: 1 },
    { allOf: [{ type: "integer" }, { minimum: 1 }] },
    { anyOf: [{ type: "integer" }, { type: "string" }] },
    { oneOf: [{ type: "integer" }, { minimum: 1 }] },
    { not: { type: "object" } },
    JSON.parse('{"if": {"type": "integer"}, "then": {"minimum": 1}, "else": {"type": "string"}}'),
    { dependentRequired: { a: ["b"] } },
    { dependentSchemas: { a: { required: ["b"] } } },
    { $defs: { n: { type: "object", properties: { a: { $ref: "#/$defs/n" } } } }, $ref: "#/$defs/n" },
  ])("satisfies returns the same results as the server for the schema %j", (schema) => {
    const validate = compileSchema(schema);

    for (const value of VALUES) {
      expect([value, isSatisfied(value, schema)]).toEqual([value, validate(value).length === 0]);
    }
  });
});

test("isMultipleOf returns the same results as the server", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1000, max: 1000 }),
      fc.constantFrom(0.1, 0.01, 0.07, 0.25, 1e-9, 3, 2.5),
      fc.constantFrom(0, 0.05, 0.5),
      (count, step, offset) => {
        const value = (count + offset) * step;
        expect(isMultipleOf(value, step)).toBe(compileSchema({ multipleOf: step })(value).length === 0);
      },
    ),
  );
});

describe("satisfies with an expensive schema", () => {
  test("satisfies throws OutOfStepsError if an expensive schema needs more steps than allowed", () => {
    const createLevel = (level: number): JsonObject => ({
      allOf: [{ $ref: `#/$defs/n${level + 1}` }, { $ref: `#/$defs/n${level + 1}` }],
    });
    const schema: JsonObject = {
      $ref: "#/$defs/n0",
      $defs: Object.fromEntries(Array.from({ length: 40 }, (_, level) => [`n${level}`, createLevel(level)])),
    };

    expect(() => isSatisfied(1, schema)).toThrow(OutOfStepsError);
  });

  test("satisfies does not run a pattern with exponential backtracking", () => {
    expect(isSatisfied(`${"a".repeat(60)}!`, { pattern: "^(a+)+$" })).toBe(true);
  });
});
