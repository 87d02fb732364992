import { readFileSync } from "node:fs";
import { createCase, type DefaultCase, WITH_DEFS } from "./case.ts";

/** Cases with default values that code easily mistakes for a missing value or for another value. */
export const VALUES: readonly DefaultCase[] = [
  createCase(
    "zero, false, null and empty values",
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
  createCase(
    "choices of several types",
    {
      one: { enum: [1, "1", null, true, { a: 1 }], default: "1" },
      two: { enum: ["a", 1, null], default: null },
      three: { enum: [{ a: 1, b: 2 }, { a: 2 }], default: { b: 2, a: 1 } },
    },
    { form: { one: "1", two: null, three: { b: 2, a: 1 } } },
  ),
  createCase(
    "decimals",
    {
      tenth: { type: "number", minimum: 0.3, multipleOf: 0.1, default: 0.3 },
      product: { type: "number", multipleOf: 0.1, default: 0.1 * 3 },
      tiny: { type: "number", multipleOf: 1e-9, default: 0.123456789 },
      step: { type: "number", minimum: -0.7, maximum: 0.7, multipleOf: 0.07, default: 0.21 },
    },
    { form: { tenth: 0.3, product: 0.1 * 3, tiny: 0.123456789, step: 0.21 } },
  ),
  createCase("a number far beyond 2^53", { x: { type: "number", default: 1e300 } }, { form: { x: 1e300 } }),
  createCase(
    "a required member with a default",
    { x: { type: "integer", default: 3 } },
    { form: { x: 3 }, cli: { x: 3 } },
    { required: ["x"] },
  ),
  createCase(
    "a required constant",
    { x: { const: "a" }, y: { type: "string", default: "b" } },
    { form: { x: "a", y: "b" }, cli: { x: "a" } },
    { required: ["x"] },
  ),
  createCase(
    "a tuple",
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
  createCase(
    "a required text that is empty",
    { x: { type: "string", default: "" } },
    { form: { x: "" }, cli: { x: "" } },
    { required: ["x"] },
  ),
  createCase(
    "a definition's own default",
    { x: { $ref: "#/$defs/Level" } },
    { form: { x: "low" } },
    WITH_DEFS,
  ),
  createCase("examples are not defaults", { x: { type: "integer", examples: [3] } }, { form: {} }),
  {
    name: "the schema that pydantic 2 generates for a model with defaults",
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
