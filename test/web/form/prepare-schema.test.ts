import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../protocol/index.ts";
import { prepareSchema } from "../../../web/form/schema/prepare-schema.ts";
import { isRenderable } from "../../../web/form/schema/renderable.ts";

const prepareFields = (properties: JsonObject, more: JsonObject = {}) =>
  prepareSchema({ type: "object", properties, ...more }).properties ?? {};

describe("a prepared schema", () => {
  test("a prepared schema keeps all x- keywords and all keywords that a field shows", () => {
    const field = {
      type: "number",
      title: "Angle",
      description: "degrees",
      default: 1,
      minimum: 0,
      "x-unit": "°",
      "x-zndraw": { widget: "dial" },
    };

    expect(prepareFields({ angle: field })["angle"]).toEqual(field);
  });

  test("a prepared schema contains fields with x-order first, then required fields, then the others in the order of the schema", () => {
    const names = Object.keys(
      prepareFields(
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
  ])("a prepared schema represents %s as one field that may be empty", (_, field) => {
    const { angle } = prepareFields({ angle: field }, { $defs: { Angle: { type: "number" } } });

    expect(angle).toMatchObject({ type: ["number", "null"] });
  });

  test.each<[string, JsonObject]>([
    ["constants", { anyOf: [{ const: "a" }, { const: 2 }] }],
    ["enums", { oneOf: [{ enum: ["a"] }, { enum: [2] }] }],
    ["references to constants", { anyOf: [{ $ref: "#/$defs/A" }, { const: 2 }] }],
  ])("a prepared schema represents a union of %s as one choice", (_, field) => {
    expect(prepareFields({ pick: field }, { $defs: { A: { const: "a" } } })["pick"]).toMatchObject({
      enum: ["a", 2],
    });
  });

  test("a prepared schema represents tuples of older and newer JSON Schema drafts in the same way", () => {
    const items = [{ type: "string" }, { type: "integer" }];
    const { newer, older } = prepareFields(
      {
        newer: { type: "array", prefixItems: items, items: false },
        older: { type: "array", items, additionalItems: false },
      },
      { required: ["newer", "older"] },
    );

    expect(newer).toEqual(older);
    expect(newer).toMatchObject({ items, minItems: 2 });
  });

  test("a prepared schema has a finite size even if references are recursive", () => {
    const branch = { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }], default: null };
    const schema = prepareSchema({
      $ref: "#/$defs/Node",
      $defs: { Node: { type: "object", properties: { left: branch, right: branch } } },
    });

    expect(isRenderable(schema)).toBe(true);
  });

  test("a prepared schema contains no pattern that could block the browser", () => {
    const text = JSON.stringify(
      prepareFields({
        a: { type: "string", pattern: "^(a+)+$" },
        b: { type: "object", patternProperties: { "^(a+)+$": { type: "string" } } },
        c: { if: { properties: { x: { pattern: "^(a+)+$" } } }, type: "object", properties: {} },
      }),
    );

    expect(text).not.toContain("(a+)+");
  });
});
