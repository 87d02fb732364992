import { describe, expect, test } from "vitest";
import { checkSchema, compileSchema } from "../../../server/schemas/compile-schema.ts";
import type { JsonObject } from "../../../server/schemas/schema-error.ts";

const accepts = (schema: JsonObject, value: unknown) => {
  expect(checkSchema(schema, "result")).toEqual([]);
  return compileSchema(schema)(value).length === 0;
};
const draft = (number: string) => `http://json-schema.org/draft-${number}/schema#`;
const LATEST = "https://json-schema.org/draft/2020-12/schema";

describe("draft in $schema", () => {
  test.each([
    draft("04"),
    draft("05"),
    draft("06"),
    draft("07"),
    "https://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-07/hyper-schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft/2019-09/schema#",
    LATEST,
    `${LATEST}#`,
    "http://json-schema.org/schema#",
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://example.org/my-own-meta-schema",
    "",
  ])("the draft in $schema can be %s", ($schema) => {
    expect(checkSchema({ $schema, type: "object", properties: { a: { type: "string" } } })).toEqual([]);
  });

  test("the draft in $schema determines which keywords have an effect", () => {
    const values = (schema: JsonObject) => [
      accepts({ $schema: draft("04"), ...schema }, 2),
      accepts({ $schema: draft("07"), ...schema }, 2),
    ];

    expect(values({ const: 1 })).toEqual([true, false]);
    expect(values({ if: false, else: false })).toEqual([true, false]);
    expect(accepts({ $schema: draft("07"), prefixItems: [false] }, [1])).toBe(true);
    expect(accepts({ $schema: LATEST, additionalItems: false, prefixItems: [{}] }, [1, 2])).toBe(true);
  });

  test("the draft in $schema determines whether other keywords of a schema with a $ref are applied", () => {
    const schema = { $ref: "#/$defs/text", maxLength: 1, $defs: { text: { type: "string" } } };

    expect(accepts({ $schema: draft("07"), ...schema }, "long")).toBe(true);
    expect(accepts({ $schema: LATEST, ...schema }, "long")).toBe(false);
    expect(accepts(schema, "long")).toBe(false);
  });

  test("the draft in $schema can differ between the resources of a bundled document", () => {
    const bundle = {
      $schema: LATEST,
      $ref: "https://example.org/old",
      $defs: {
        old: {
          $id: "https://example.org/old",
          $schema: draft("07"),
          items: [{ type: "number" }],
          additionalItems: false,
        },
      },
    };

    expect([accepts(bundle, [1]), accepts(bundle, ["1"]), accepts(bundle, [1, 2])]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("schema without a draft", () => {
  test.each<[string, JsonObject, unknown, unknown]>([
    ["a tuple of draft 7", { items: [{ type: "number" }], additionalItems: false }, [1], [1, 2]],
    [
      "a tuple with further items",
      { items: [{}], additionalItems: { type: "number" } },
      ["a", 1],
      ["a", "b"],
    ],
    ["a tuple of 2020-12", { prefixItems: [{ type: "number" }], items: false }, [1], ["a"]],
    ["draft 4's exclusive bound", { minimum: 0, exclusiveMinimum: true }, 1, 0],
    ["draft 4's inclusive bound", { maximum: 0, exclusiveMaximum: false }, 0, 1],
    ["draft 6's exclusive bound", { exclusiveMinimum: 0 }, 1, 0],
    ["dependencies", { dependencies: { a: ["b"], c: { required: ["d"] } } }, { a: 1, b: 1 }, { c: 1 }],
    ["dependentRequired", { dependentRequired: { a: ["b"] } }, { a: 1, b: 1 }, { a: 1 }],
    ["definitions", { $ref: "#/definitions/a", definitions: { a: { type: "null" } } }, null, 1],
    ["OpenAPI's nullable", { type: "string", nullable: true, enum: ["a"] }, null, "b"],
    [
      "nullable next to a reference",
      { properties: { a: { allOf: [{ $ref: "#/x/A" }], nullable: true } }, x: { A: { type: "number" } } },
      { a: null },
      { a: "1" },
    ],
  ])("a schema without a draft supports %s", (_, schema, valid, invalid) => {
    expect(accepts(schema, valid)).toBe(true);
    expect(accepts(schema, invalid)).toBe(false);
  });
});

describe("keyword in the syntax of another draft than that in $schema, as some generators produce it", () => {
  test.each<[JsonObject, unknown, unknown]>([
    [{ $schema: LATEST, minimum: 0, exclusiveMinimum: true }, 1, 0],
    [{ $schema: LATEST, items: [{ type: "number" }], additionalItems: false }, [1], [1, 2]],
    [{ $schema: draft("04"), exclusiveMinimum: 0 }, 1, 0],
  ])("a keyword in the syntax of another draft than that in $schema has the intended effect, because some generators mix drafts: %j", (schema, valid, invalid) => {
    expect(accepts(schema, valid)).toBe(true);
    expect(accepts(schema, invalid)).toBe(false);
  });
});

describe("reference within the document", () => {
  const text = { type: "string" };

  test.each<[string, JsonObject]>([
    ["by pointer", { $ref: "#/$defs/a", $defs: { a: text } }],
    [
      "by the document's own $id",
      { $id: "https://a.org/x.json", $ref: "x.json#/$defs/a", $defs: { a: text } },
    ],
    ["by a URN", { $id: "urn:uuid:1-2", $ref: "urn:uuid:1-2#/$defs/a", $defs: { a: text } }],
    ["by an embedded $id", { $ref: "a.json", $defs: { a: { $id: "a.json", ...text } } }],
    [
      "by an absolute embedded $id",
      { $id: "https://a.org/dir/", $ref: "https://a.org/dir/a", $defs: { a: { $id: "a", ...text } } },
    ],
    ["by a name, as TypeBox generates it", { $ref: "T", $defs: { T: { $id: "T", ...text } } }],
    ["by an anchor", { $ref: "#a", $defs: { a: { $anchor: "a", ...text } } }],
    [
      "by an anchor of draft 7",
      { $schema: draft("07"), allOf: [{ $ref: "#a" }], definitions: { a: { $id: "#a", ...text } } },
    ],
    [
      "by an id of draft 4",
      { $schema: draft("04"), allOf: [{ $ref: "a" }], definitions: { a: { id: "a", ...text } } },
    ],
    [
      "from below an embedded $id",
      { $ref: "b", $defs: { b: { $id: "b", $ref: "#/$defs/a", $defs: { a: text } }, a: { type: "null" } } },
    ],
    [
      "from below an $id that is only a name",
      { $ref: "b", $defs: { b: { $id: "b", $ref: "#/$defs/a" }, a: text } },
    ],
    ["to a name with a percent sign", { $ref: "#/$defs/100%", $defs: { "100%": text } }],
    ["to a C# generic", { $ref: "#/$defs/List<Foo>", $defs: { "List<Foo>": text } }],
    [
      "through $recursiveRef",
      {
        $schema: "https://json-schema.org/draft/2019-09/schema",
        $recursiveAnchor: true,
        anyOf: [text, { items: { $recursiveRef: "#" }, type: "array" }],
      },
    ],
    [
      "through $dynamicRef",
      { $dynamicAnchor: "n", anyOf: [text, { type: "array", items: { $dynamicRef: "#n" } }] },
    ],
  ])("a reference within a schema document is resolved %s", (_, schema) => {
    expect(accepts(schema, "a")).toBe(true);
    expect(accepts(schema, 1)).toBe(false);
  });

  test("a $dynamicRef within a schema document resolves to the document's own anchor", () => {
    const schema = {
      $dynamicAnchor: "node",
      $ref: "tree",
      unevaluatedProperties: false,
      $defs: {
        tree: {
          $id: "tree",
          $dynamicAnchor: "node",
          type: "object",
          properties: { children: { type: "array", items: { $dynamicRef: "#node" } } },
        },
      },
    };

    expect(accepts(schema, { children: [{ children: [] }] })).toBe(true);
    expect(accepts(schema, { children: [{ childern: [] }] })).toBe(false);
  });

  test("a reference within a schema document is resolved in its own resource, even if another resource has the same $id", () => {
    const $defs = { b: text };
    const schema = { properties: { a: { $id: "x", $ref: "#/$defs/b", $defs }, c: { $id: "x" } } };

    expect(accepts(schema, { a: "x" })).toBe(true);
    expect(accepts(schema, { a: 1 })).toBe(false);
  });

  test("a reference within a schema document is resolved from the document if the $id is a pointer, as jsonschema.net generates it", () => {
    const schema = {
      $id: "https://a.org/x",
      properties: { a: { $id: "#/properties/a", $ref: "#/$defs/b" } },
      $defs: { b: text },
    };

    expect(accepts(schema, { a: "x" })).toBe(true);
    expect(accepts(schema, { a: 1 })).toBe(false);
  });
});
