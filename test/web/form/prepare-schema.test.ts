import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../protocol/index.ts";
import { prepareSchema } from "../../../web/form/schema/prepare-schema.ts";
import { isRenderable } from "../../../web/form/schema/renderable.ts";

const drawn = (properties: JsonObject, more: JsonObject = {}) =>
  prepareSchema({ type: "object", properties, ...more }).properties ?? {};

describe("preparing a schema", () => {
  test("keeps every keyword that begins with x-, and what a field shows", () => {
    const field = {
      type: "number",
      title: "Angle",
      description: "degrees",
      default: 1,
      minimum: 0,
      "x-unit": "°",
      "x-zndraw": { widget: "dial" },
    };

    expect(drawn({ angle: field })["angle"]).toEqual(field);
  });

  test("puts fields in the order of x-order, then of what is required, then as they stand", () => {
    const names = Object.keys(
      drawn(
        { a: {}, b: {}, c: {}, last: { "x-order": 2 }, first: { "x-order": 1 } },
        { required: ["c", "b"] },
      ),
    );

    expect(names).toEqual(["first", "last", "c", "b", "a"]);
  });

  test.each<[string, JsonObject]>([
    ["anyOf with null", { anyOf: [{ type: "number" }, { type: "null" }] }],
    ["oneOf with null", { oneOf: [{ type: "null" }, { type: "number" }] }],
    ["a list of types", { type: ["number", "null"] }],
    ["a reference or null", { anyOf: [{ $ref: "#/$defs/Angle" }, { type: "null" }] }],
  ])("draws %s as one field that may be left empty", (_, field) => {
    const { angle } = drawn({ angle: field }, { $defs: { Angle: { type: "number" } } });

    expect(angle).toMatchObject({ type: ["number", "null"] });
  });

  test.each<[string, JsonObject]>([
    ["constants", { anyOf: [{ const: "a" }, { const: 2 }] }],
    ["enums", { oneOf: [{ enum: ["a"] }, { enum: [2] }] }],
    ["references to them", { anyOf: [{ $ref: "#/$defs/A" }, { const: 2 }] }],
  ])("draws a union of %s as one choice", (_, field) => {
    expect(drawn({ pick: field }, { $defs: { A: { const: "a" } } })["pick"]).toMatchObject({
      enum: ["a", 2],
    });
  });

  test("spells tuples of both drafts as one", () => {
    const items = [{ type: "string" }, { type: "integer" }];
    const { newer, older } = drawn(
      {
        newer: { type: "array", prefixItems: items, items: false },
        older: { type: "array", items, additionalItems: false },
      },
      { required: ["newer", "older"] },
    );

    expect(newer).toEqual(older);
    expect(newer).toMatchObject({ items, minItems: 2 });
  });

  test("does not follow a tree of nullable references for ever", () => {
    const branch = { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }], default: null };
    const schema = prepareSchema({
      $ref: "#/$defs/Node",
      $defs: { Node: { type: "object", properties: { left: branch, right: branch } } },
    });

    expect(isRenderable(schema)).toBe(true);
  });

  test("gives a browser no pattern that could hold it up", () => {
    const text = JSON.stringify(
      drawn({
        a: { type: "string", pattern: "^(a+)+$" },
        b: { type: "object", patternProperties: { "^(a+)+$": { type: "string" } } },
        c: { if: { properties: { x: { pattern: "^(a+)+$" } } }, type: "object", properties: {} },
      }),
    );

    expect(text).not.toContain("(a+)+");
  });
});
