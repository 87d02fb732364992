import { describe, expect, test } from "vitest";
import { checkSchema } from "../../../server/schemas/compile-schema.ts";
import type { JsonObject } from "../../../server/schemas/schema-error.ts";
import { getCpuTime } from "../../support/cpu-time.ts";

const createNestedSchema = (levels: number): JsonObject => {
  let schema: JsonObject = {};
  for (let level = 0; level < levels; level += 1) schema = { not: schema };
  return schema;
};
const createProperties = (count: number): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, {}]));
/**
 * Returns a schema like the “billion laughs” attack: the number of references doubles at each
 * level.
 */
const createDoublingSchema = (levels: number, keyword: string): JsonObject => {
  const level = (i: number) => ({
    [keyword]: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }],
  });
  const $defs = Object.fromEntries(Array.from({ length: levels }, (_, i) => [`d${i}`, level(i)]));
  return { $ref: "#/$defs/d0", $defs: { ...$defs, [`d${levels}`]: {} } };
};

describe("rejected schemas", () => {
  test.each<[string, JsonObject, string, RegExp]>([
    ["for its size", { default: "x".repeat(300_000) }, "", /256 KiB/],
    ["for its depth", createNestedSchema(100_000), "", /64 levels/],
    ["for its number of values", { enum: Array(20_000).fill(1) }, "", /10000 values/],
    [
      "for its number of subschemas",
      { properties: createProperties(1100) },
      "/properties/p9",
      /1000 subschemas/,
    ],
    ["for a remote reference", { $ref: "https://10.0.0.1/x" }, "/$ref", /not in this schema; copy it into/],
    [
      "for a file reference",
      { items: { $ref: "file:///etc/passwd" } },
      "/items/$ref",
      /not in this schema; copy it into/,
    ],
    [
      "for a remote dynamic reference",
      { $dynamicRef: "other#x" },
      "/$dynamicRef",
      /not in this schema; copy it into/,
    ],
    ["for a reference to nothing", { $ref: "#/$defs/a/b" }, "/$ref", /does not exist/],
    ["for a reference into a prototype", { $ref: "#/constructor/prototype" }, "/$ref", /does not exist/],
    ["for a reference to itself", { $ref: "#" }, "", /refers to itself/],
    [
      "for a reference loop",
      { allOf: [{ $ref: "#/$defs/a" }], $defs: { a: { not: { $ref: "#/$defs/a" } } } },
      "/$defs/a",
      /itself/,
    ],
    [
      "for a loop that is reachable only through references",
      { $ref: "#/x/a", x: { a: { allOf: [{ $ref: "#/x/b" }] }, b: { not: { $ref: "#/x/a/allOf/0" } } } },
      "/x/",
      /itself/,
    ],
    ["for allOf that doubles", createDoublingSchema(30, "allOf"), "/$defs/d", /10000 subschemas/],
    ["for anyOf that doubles", createDoublingSchema(60, "anyOf"), "/$defs/d", /10000 subschemas/],
    ["for an invalid pattern", { pattern: "(" }, "/pattern", /not an ECMAScript regular expression/],
    [
      "for an invalid property name pattern",
      { patternProperties: { "(a": {} } },
      "/patternProperties/(a",
      /not an ECMAScript regular expression/,
    ],
    ["for a long pattern", { pattern: "a".repeat(1001) }, "/pattern", /shorten it to 1000/],
    ["for a pattern of many repetitions", { pattern: "\\pL{1000}".repeat(50) }, "/pattern", /repetitions/],
    [
      "for a property named __proto__",
      JSON.parse('{"properties":{"__proto__":{}}}'),
      "/__proto__",
      /__proto__/,
    ],
    ["for a type that excludes objects", { type: ["string", "null"] }, "/type", /object/],
    [
      "for an unsupported draft",
      { $schema: "http://json-schema.org/draft-03/schema#" },
      "/$schema",
      /not supported; use https:\/\/json-schema.org\/draft\/2020-12\/schema/,
    ],
    ["for a draft that is not a string", { $schema: 7 }, "/$schema", /not supported/],
    [
      "for a reference to an ambiguous anchor",
      { $ref: "#x", $defs: { a: { $anchor: "x" }, b: { $anchor: "x" } } },
      "/$ref",
      /anchor of several subschemas/,
    ],
    [
      "for a reference to an ambiguous $id",
      { $ref: "x", $defs: { a: { $id: "x" }, b: { $id: "x" } } },
      "/$ref",
      /\$id of several subschemas/,
    ],
    [
      "for a dynamic reference with several possible targets",
      {
        anyOf: [{ $ref: "a" }, { $ref: "b" }],
        $defs: {
          a: { $id: "a", $dynamicAnchor: "t", properties: { a: { $ref: "c" } } },
          b: { $id: "b", $dynamicAnchor: "t", properties: { b: { $ref: "c" } } },
          c: { $id: "c", $dynamicAnchor: "t", properties: { c: { $dynamicRef: "#t" } } },
        },
      },
      "/$defs/c/properties/c/$dynamicRef",
      /add the same \$dynamicAnchor to the root/,
    ],
  ])("a schema is rejected %s", (_, schema, pointer, detail) => {
    const started = getCpuTime();

    const errors = checkSchema(schema);

    expect(errors[0]?.detail).toMatch(detail);
    expect(errors[0]?.pointer).toContain(pointer);
    expect(getCpuTime() - started).toBeLessThan(1000);
  });

  test.each<[JsonObject, string]>([
    [{ type: "thing" }, "/type"],
    [{ properties: { a: { minimum: "1" } } }, "/properties/a/minimum"],
    [{ required: "a" }, "/required"],
    [{ required: ["a", "a"] }, "/required"],
    [{ properties: { a: 1 } }, "/properties/a"],
    [{ properties: { a: { allOf: [] } } }, "/properties/a/allOf"],
    [{ properties: { a: { items: [{}, 1] } } }, "/properties/a/items/1"],
    [{ dependencies: { a: ["b", 1] } }, "/dependencies/a/1"],
    [{ title: {} }, "/title"],
    [{ components: { A: { type: "int" } }, $ref: "#/components/A" }, "/components/A/type"],
    [{ exclusiveMaximum: "1" }, "/exclusiveMaximum"],
    [{ prefixItems: [{}], items: [{}] }, "/items"],
  ])("a schema is rejected if its draft does not allow it: %j", (schema, pointer) => {
    expect(checkSchema(schema).map((error) => error.pointer)).toContain(pointer);
  });
});

describe("accepted schemas", () => {
  test.each<[string, JsonObject]>([
    ["if it is empty", {}],
    ["with a recursive reference that descends into the value", { properties: { a: { $ref: "#" } } }],
    [
      "with an anchor",
      { $ref: "#node", $defs: { n: { $anchor: "node", properties: { a: { $ref: "#node" } } } } },
    ],
    ["with a $dynamicRef", { $dynamicAnchor: "t", properties: { a: { $dynamicRef: "#t" } } }],
    [
      "with a reference to a schema outside all known keywords",
      { $ref: "#/components/A", components: { A: { type: "object" } } },
    ],
    ["with an escaped reference", { $ref: "#/$defs/a~1b%20c", $defs: { "a/b c": {} } }],
    ["with an absolute $id", { $id: "https://example.org/a", $ref: "#/$defs/a", $defs: { a: {} } }],
    ["with nullable objects", { type: ["object", "null"] }],
  ])("a schema is accepted %s", (_, schema) => {
    expect(checkSchema(schema)).toEqual([]);
  });

  test("a schema is accepted with any type if it is the schema of a result", () => {
    expect(checkSchema({ type: "number" }, "result")).toEqual([]);
  });
});
