import { readFileSync } from "node:fs";
import type { JsonObject } from "../../protocol/json.ts";

/** A schema, and what is sent for it if nobody fills in anything. */
export interface DefaultCase {
  readonly name: string;
  readonly schema: JsonObject;
  /** What the form sends; undefined if it asks for something first. */
  readonly form: JsonObject | undefined;
  /** What `joblib run` sends: only what the worker would not fill in by itself. Undefined if it asks for something. */
  readonly cli: JsonObject | undefined;
}

interface Expected {
  readonly form: JsonObject | undefined;
  readonly cli?: JsonObject | undefined;
}

const payload = (
  name: string,
  properties: JsonObject,
  expected: Expected,
  more: JsonObject = {},
): DefaultCase => ({
  name,
  schema: { type: "object", properties, ...more },
  cli: {},
  ...expected,
});

const SETTINGS: JsonObject = {
  type: "object",
  title: "Settings",
  properties: { a: { type: "integer", default: 1 }, b: { type: "integer", default: 1 } },
};
const DEFS: JsonObject = {
  Settings: SETTINGS,
  Strict: { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
  Level: { enum: ["low", "high"], default: "low" },
  WrongLevel: { enum: ["low", "high"], default: "middle" },
  Cat: { type: "object", properties: { kind: { const: "cat" }, lives: { type: "integer", default: 9 } } },
  Dog: {
    type: "object",
    properties: { kind: { const: "dog" }, name: { type: "string", default: "Rex" } },
    required: ["kind"],
  },
  Node: {
    type: "object",
    properties: {
      value: { type: "integer", default: 0 },
      child: { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }], default: null },
    },
  },
};
const WITH_DEFS = { $defs: DEFS };
const settings: JsonObject = { $ref: "#/$defs/Settings" };

/** A default that its own schema rejects is left out. */
const INVALID: readonly DefaultCase[] = [
  payload(
    "null for an integer, as pydantic writes `x: int = None`",
    { x: { type: "integer", default: null } },
    { form: {} },
  ),
  payload(
    "null for a required integer",
    { x: { type: "integer", default: null } },
    { form: undefined, cli: undefined },
    { required: ["x"] },
  ),
  payload("null for a text", { x: { type: "string", default: null } }, { form: {} }),
  payload(
    "null for a list",
    { x: { type: "array", items: { type: "string" }, default: null } },
    { form: {} },
  ),
  payload("null for an object", { x: { ...SETTINGS, default: null } }, { form: {} }),
  payload("null for a yes or no", { x: { type: "boolean", default: null } }, { form: {} }),
  payload("a text for a number", { x: { type: "number", default: "1" } }, { form: {} }),
  payload("a fraction for an integer", { x: { type: "integer", default: 1.5 } }, { form: {} }),
  payload("a number below its minimum", { x: { type: "integer", minimum: 10, default: 3 } }, { form: {} }),
  payload(
    "a number at its exclusive minimum",
    { x: { type: "number", exclusiveMinimum: 0, default: 0 } },
    { form: {} },
  ),
  payload(
    "a number that is no multiple",
    { x: { type: "number", multipleOf: 0.1, default: 0.25 } },
    { form: {} },
  ),
  payload("a value that is no choice", { x: { enum: ["a", "b"], default: "c" } }, { form: {} }),
  payload(
    "a value other than the constant",
    { x: { type: "integer", const: 3, default: 4 } },
    { form: { x: 3 } },
  ),
  payload("a text that is too short", { x: { type: "string", minLength: 1, default: "" } }, { form: {} }),
  payload(
    "a text that does not match",
    { x: { type: "string", pattern: "^a+$", default: "b" } },
    { form: {} },
  ),
  payload("an empty mail address", { x: { type: "string", format: "email", default: "" } }, { form: {} }),
  payload("an empty date", { x: { type: "string", format: "date", default: "" } }, { form: {} }),
  payload("an empty address", { x: { type: "string", format: "uri", default: "" } }, { form: {} }),
  payload(
    "a list with a wrong item",
    { x: { type: "array", items: { type: "integer" }, default: [1, null] } },
    { form: {} },
  ),
  payload(
    "a list that is too short",
    { x: { type: "array", items: { type: "integer" }, minItems: 2, default: [1] } },
    { form: {} },
  ),
  payload(
    "a list that repeats an item",
    { x: { type: "array", items: { type: "integer" }, uniqueItems: true, default: [1, 1] } },
    { form: {} },
  ),
  payload(
    "a tuple with a wrong item",
    { x: { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], default: ["a", 1] } },
    { form: {} },
  ),
  payload(
    "an object without a required member",
    { x: { $ref: "#/$defs/Strict", default: {} } },
    { form: {} },
    WITH_DEFS,
  ),
  payload(
    "an object with a wrong member",
    { x: { ...settings, default: { a: null, b: 1 } } },
    { form: {} },
    WITH_DEFS,
  ),
  payload(
    "an object with a member that is not allowed",
    { x: { type: "object", properties: {}, additionalProperties: false, default: { a: 1 } } },
    { form: {} },
  ),
  payload("a definition's own", { x: { $ref: "#/$defs/WrongLevel" } }, { form: {} }, WITH_DEFS),
  payload(
    "next to a reference whose own default is valid: the worker has null, not that",
    { x: { $ref: "#/$defs/Level", default: null } },
    { form: {} },
    WITH_DEFS,
  ),
  payload(
    "a definition's own that a narrower use rejects",
    { x: { allOf: [{ $ref: "#/$defs/Level" }], enum: ["high"] } },
    { form: {} },
    WITH_DEFS,
  ),
  payload("in allOf", { x: { allOf: [{ type: "integer" }], default: "1" } }, { form: {} }),
  payload(
    "in anyOf",
    { x: { anyOf: [{ type: "integer" }, { type: "string" }], default: null } },
    { form: {} },
  ),
  payload(
    "in an option of anyOf",
    { x: { anyOf: [{ type: "integer", default: "1" }, { type: "null" }] } },
    { form: {} },
  ),
  payload("excluded by not", { x: { type: "integer", not: { const: 0 }, default: 0 } }, { form: {} }),
  payload(
    "a member's of a required object",
    { x: { type: "object", properties: { y: { type: "integer", default: null } } } },
    { form: { x: {} }, cli: { x: {} } },
    { required: ["x"] },
  ),
  payload(
    "the schema's own",
    { x: { type: "integer", default: 1 } },
    { form: { x: 1 } },
    { default: { x: "one" } },
  ),
  payload("beyond 2^53", { x: { type: "integer", default: 2 ** 63 } }, { form: {} }),
  payload("a constant beyond 2^53", { x: { const: 2 ** 60 } }, { form: {} }),
];

/** An object's own default has precedence over those of its members, which fill in what it lacks. */
const OBJECTS: readonly DefaultCase[] = [
  payload(
    "of a reference",
    { x: { ...settings, default: { a: 5, b: 1 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  payload(
    "that lacks a member",
    { x: { ...settings, default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  payload("that is empty", { x: { ...settings, default: {} } }, { form: { x: { a: 1, b: 1 } } }, WITH_DEFS),
  payload(
    "with zeros, false and empty texts",
    {
      x: {
        type: "object",
        properties: {
          a: { type: "integer", default: 1 },
          b: { type: "boolean", default: true },
          c: { type: "string", default: "c" },
          d: { type: ["integer", "null"], default: 1 },
          e: { type: "array", items: { type: "integer" }, default: [1] },
        },
        default: { a: 0, b: false, c: "", d: null, e: [] },
      },
    },
    { form: { x: { a: 0, b: false, c: "", d: null, e: [] } } },
  ),
  payload(
    "in allOf",
    { x: { allOf: [settings], default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  payload(
    "or null",
    { x: { anyOf: [settings, { type: "null" }], default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  payload(
    "that is null",
    { x: { anyOf: [settings, { type: "null" }], default: null } },
    { form: { x: null } },
    WITH_DEFS,
  ),
  payload(
    "of a record",
    { x: { type: "object", additionalProperties: settings, default: { k: { a: 4 }, "a b": { a: 0 } } } },
    { form: { x: { k: { a: 4, b: 1 }, "a b": { a: 0, b: 1 } } } },
    WITH_DEFS,
  ),
  payload(
    "of a discriminated union",
    {
      x: {
        oneOf: [{ $ref: "#/$defs/Cat" }, { $ref: "#/$defs/Dog" }],
        discriminator: { propertyName: "kind" },
        default: { kind: "dog", name: "Bo" },
      },
    },
    { form: { x: { kind: "dog", name: "Bo" } } },
    WITH_DEFS,
  ),
  payload(
    "of a union without a discriminator",
    { x: { anyOf: [{ type: "string" }, settings], default: { a: 3 } } },
    { form: { x: { a: 3, b: 1 } } },
    WITH_DEFS,
  ),
  payload(
    "in a list",
    { x: { type: "array", items: settings, default: [{ a: 3 }, {}] } },
    {
      form: {
        x: [
          { a: 3, b: 1 },
          { a: 1, b: 1 },
        ],
      },
    },
    WITH_DEFS,
  ),
  payload(
    "of a tree",
    { x: { $ref: "#/$defs/Node", default: { value: 2, child: { value: 3 } } } },
    { form: { x: { value: 2, child: { value: 3, child: null } } } },
    WITH_DEFS,
  ),
  payload(
    "in a required object",
    {
      x: {
        type: "object",
        properties: { inner: { ...settings, default: { a: 0 } } },
      },
    },
    { form: { x: { inner: { a: 0, b: 1 } } }, cli: { x: {} } },
    { ...WITH_DEFS, required: ["x"] },
  ),
  payload(
    "that is required",
    { x: { ...settings, default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } }, cli: { x: { a: 5, b: 1 } } },
    { ...WITH_DEFS, required: ["x"] },
  ),
  payload(
    "of the payload itself",
    { x: { type: "integer", default: 1 }, y: { type: "integer", default: 2 } },
    { form: { x: 5, y: 2 }, cli: { x: 5, y: 2 } },
    { default: { x: 5 } },
  ),
];

/** Values that are easily taken for none, or for others. */
const VALUES: readonly DefaultCase[] = [
  payload(
    "zero, false, nothing and empty",
    {
      zero: { type: "integer", default: 0 },
      no: { type: "boolean", default: false },
      empty: { type: "string", default: "" },
      none: { type: ["number", "null"], default: null },
      list: { type: "array", items: { type: "string" }, default: [] },
      object: { type: "object", default: {} },
    },
    { form: { zero: 0, no: false, empty: "", none: null, list: [], object: {} } },
  ),
  payload(
    "choices of several types",
    {
      one: { enum: [1, "1", null, true, { a: 1 }], default: "1" },
      two: { enum: ["a", 1, null], default: null },
      three: { enum: [{ a: 1, b: 2 }, { a: 2 }], default: { b: 2, a: 1 } },
    },
    { form: { one: "1", two: null, three: { b: 2, a: 1 } } },
  ),
  payload(
    "decimals",
    {
      tenth: { type: "number", minimum: 0.3, multipleOf: 0.1, default: 0.3 },
      product: { type: "number", multipleOf: 0.1, default: 0.1 * 3 },
      tiny: { type: "number", multipleOf: 1e-9, default: 0.123456789 },
      step: { type: "number", minimum: -0.7, maximum: 0.7, multipleOf: 0.07, default: 0.21 },
    },
    { form: { tenth: 0.3, product: 0.1 * 3, tiny: 0.123456789, step: 0.21 } },
  ),
  payload("a number as large as a double", { x: { type: "number", default: 1e300 } }, { form: { x: 1e300 } }),
  payload(
    "a required member with a default",
    { x: { type: "integer", default: 3 } },
    { form: { x: 3 }, cli: { x: 3 } },
    { required: ["x"] },
  ),
  payload(
    "a required constant",
    { x: { const: "a" }, y: { type: "string", default: "b" } },
    { form: { x: "a", y: "b" }, cli: { x: "a" } },
    { required: ["x"] },
  ),
  payload(
    "tuples of both spellings",
    {
      newer: {
        type: "array",
        prefixItems: [{ type: "integer" }, { type: "string" }],
        items: false,
        default: [0, ""],
      },
    },
    { form: { newer: [0, ""] } },
  ),
  payload(
    "a required text that is empty",
    { x: { type: "string", default: "" } },
    { form: { x: "" }, cli: { x: "" } },
    { required: ["x"] },
  ),
  payload("a definition's own default", { x: { $ref: "#/$defs/Level" } }, { form: { x: "low" } }, WITH_DEFS),
  payload("examples are no defaults", { x: { type: "integer", examples: [3] } }, { form: {} }),
  {
    name: "what pydantic 2 writes for a model of defaults",
    schema: JSON.parse(readFileSync(new URL("pydantic-defaults.fixture.json", import.meta.url), "utf8")),
    cli: {},
    form: {
      ratio: 0.3,
      settings: { a: 5, b: 1 },
      settings0: { a: 0, b: 1 },
      plain: { a: 1, b: 1 },
      maybe: { a: 5, b: 1 },
      maybe_none: null,
      lst: [{ a: 3, b: 1 }],
      rec: { k: { a: 4, b: 1 } },
      pet: { kind: "dog", name: "Bo" },
      pet2: { kind: "cat", lives: 3 },
      level: "low",
      tup: [1, "a"],
      node: { value: 2, child: { value: 3, child: null } },
      day: "2024-01-01",
      dur: "PT5M",
      any: null,
      sset: [1, 2],
      dummy: 1,
      neg: 0,
      flag: false,
      empty: "",
      zero: 0,
      numornone: 0,
      extra: { z: 1, a: 2 },
    },
  },
];

const named = (prefix: string, cases: readonly DefaultCase[]) =>
  cases.map((one) => ({ ...one, name: `${prefix}: ${one.name}` }));

/** What a form and the command line send by default; the tests of both read it, and ask the server's validator. */
export const DEFAULT_CASES: readonly DefaultCase[] = [
  ...named("a default that does not fit", INVALID),
  ...named("an object's own default", OBJECTS),
  ...named("a value", VALUES),
];
