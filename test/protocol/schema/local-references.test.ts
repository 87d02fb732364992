import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../protocol/index.ts";
import { localizeReferences } from "../../../protocol/schema/local-references.ts";

const getReference = (schema: JsonObject) => localizeReferences(schema)["$ref"];
const text = { type: "string" };

describe("localizeReferences", () => {
  test.each<[string, JsonObject, string]>([
    ["a pointer", { $ref: "#/$defs/a", $defs: { a: text } }, "#/$defs/a"],
    ["the document", { $id: "https://a.org/x", $ref: "x" }, "#"],
    [
      "the document's own $id",
      { $id: "https://a.org/x", $ref: "x#/$defs/a", $defs: { a: text } },
      "#/$defs/a",
    ],
    ["an embedded $id", { $ref: "a.json", $defs: { a: { $id: "a.json" } } }, "#/$defs/a"],
    [
      "a part of an embedded $id",
      { $ref: "a#/$defs/b", $defs: { a: { $id: "a", $defs: { b: text } } } },
      "#/$defs/a/$defs/b",
    ],
    ["an anchor", { $ref: "#n", $defs: { "a/b": { $anchor: "n" } } }, "#/$defs/a~1b"],
    ["an anchor of draft 7", { $ref: "#n", definitions: { a: { $id: "#n" } } }, "#/definitions/a"],
    [
      "an anchor of another resource",
      { $ref: "a#n", $defs: { a: { $id: "a", not: { $anchor: "n" } } } },
      "#/$defs/a/not",
    ],
    [
      "an id of draft 4",
      { $schema: "http://json-schema.org/draft-04/schema#", $ref: "a", definitions: { a: { id: "a" } } },
      "#/definitions/a",
    ],
    ["a dynamic anchor", { $dynamicRef: "#n", $defs: { a: { $dynamicAnchor: "n" } } }, "#/$defs/a"],
    ["another document", { $ref: "https://elsewhere.org/x" }, "https://elsewhere.org/x"],
  ])("localizeReferences replaces a reference to %s by a pointer if the target is in the document", (_, schema, pointer) => {
    expect(getReference(schema)).toBe(pointer);
  });

  test("localizeReferences does not change values that are not schemas", () => {
    const schema = { default: { $ref: "a" }, enum: [{ $id: "a" }], properties: { $ref: text, $id: text } };

    expect(localizeReferences(schema)).toEqual(schema);
  });
});
