import { describe, expect, test } from "vitest";
import { checkSchema } from "../../../server/schemas/compile-schema.ts";
import type { JsonObject } from "../../../server/schemas/schema-error.ts";

const FILE = { type: "string", "x-joblib-file": { media_types: ["chemical/*"], max_size: 10 } };
const withRule = (rule: unknown) => ({ properties: { a: { type: "string", "x-joblib-file": rule } } });

describe("a schema with a malformed x-joblib-file", () => {
  const pointer = "/properties/a/x-joblib-file";
  test.each<[unknown, string]>([
    [true, pointer],
    [null, pointer],
    [["image/png"], pointer],
    [{ media_types: "image/png" }, `${pointer}/media_types`],
    [{ media_types: [] }, `${pointer}/media_types`],
    [{ media_types: ["image/png", "png"] }, `${pointer}/media_types/1`],
    [{ media_types: ["*/*"] }, `${pointer}/media_types/0`],
    [{ media_types: ["*/png"] }, `${pointer}/media_types/0`],
    [{ media_types: ["text/plain; charset=utf-8"] }, `${pointer}/media_types/0`],
    [{ media_types: [1] }, `${pointer}/media_types/0`],
    [{ max_size: 0 }, `${pointer}/max_size`],
    [{ max_size: -1 }, `${pointer}/max_size`],
    [{ max_size: 1.5 }, `${pointer}/max_size`],
    [{ max_size: "10" }, `${pointer}/max_size`],
    [{ mediaTypes: ["image/png"] }, pointer],
  ])("a schema with the malformed x-joblib-file %j is rejected", (rule, expected) => {
    expect(checkSchema(withRule(rule)).map((error) => error.pointer)).toEqual([expected]);
  });

  test("a schema with x-joblib-file on a type other than string is rejected", () => {
    const schema = { properties: { a: { type: ["object", "null"], "x-joblib-file": {} } } };

    expect(checkSchema(schema)).toEqual([
      { pointer: "/properties/a/type", detail: 'must be or include "string", because of x-joblib-file' },
    ]);
  });
});

describe("a schema with a file where the server does not look for files", () => {
  const inFile = { $defs: { file: FILE } };
  test.each<[string, JsonObject]>([
    ["/contains", { contains: FILE }],
    ["/not", { not: FILE }],
    ["/propertyNames", { propertyNames: FILE }],
    ["/dependentSchemas/a", { dependentSchemas: { a: { properties: { b: FILE } } } }],
    ["/dependencies/a", { dependencies: { a: { properties: { b: FILE } } } }],
    ["/unevaluatedProperties", { unevaluatedProperties: FILE }],
    ["/unevaluatedItems", { unevaluatedItems: FILE }],
    ["/contains", { ...inFile, contains: { $ref: "#/$defs/file" } }],
    [
      "/properties/a/$ref",
      { properties: { a: { $ref: "#file" } }, $defs: { file: { ...FILE, $anchor: "file" } } },
    ],
    ["/properties/a/$ref", { properties: { a: { $ref: "#/allOf/0" } }, allOf: [FILE] }],
    [
      "/properties/a/$dynamicRef",
      { properties: { a: { $dynamicRef: "#file" } }, $defs: { file: { ...FILE, $dynamicAnchor: "file" } } },
    ],
    [
      "/properties/a/$recursiveRef",
      {
        $schema: "https://json-schema.org/draft/2019-09/schema",
        properties: { a: { $recursiveRef: "#" }, b: FILE },
      },
    ],
    [
      "/$defs/inner/properties/a/$ref",
      {
        $ref: "#/$defs/inner",
        $defs: {
          inner: { $id: "https://example.com/inner", properties: { a: { $ref: "#/$defs/file" } }, ...inFile },
        },
      },
    ],
  ])("a schema with a file at %s, where the server does not look for files, is rejected: %j", (pointer, schema) => {
    const errors = checkSchema(schema, "result");

    expect(errors.map((error) => error.pointer)).toEqual([pointer]);
    expect(errors[0]?.detail).toMatch(/file/);
  });
});

test.each<[string, JsonObject]>([
  ["a property", { properties: { a: FILE } }],
  ["items", { properties: { a: { prefixItems: [FILE], items: { anyOf: [FILE, { type: "null" }] } } } }],
  ["a recursive schema", { properties: { a: FILE, next: { $ref: "#" } } }],
  ["an escaped reference", { properties: { a: { $ref: "#/$defs/a~1b%25" } }, $defs: { "a/b%": FILE } }],
  ["a property with the name of the keyword", { not: { properties: { "x-joblib-file": { type: "null" } } } }],
])("a schema with a file in %s is accepted", (_, schema) => {
  expect(checkSchema(schema)).toEqual([]);
});
