import { createCase, type DefaultCase, SETTINGS, SETTINGS_REFERENCE, WITH_DEFS } from "./case.ts";

/** Cases in which a default is invalid against its own schema, so that it is omitted. */
export const INVALID: readonly DefaultCase[] = [
  createCase(
    "null for an integer, as pydantic writes `x: int = None`",
    { x: { type: "integer", default: null } },
    { form: {} },
  ),
  createCase(
    "null for a required integer",
    { x: { type: "integer", default: null } },
    { form: undefined, cli: undefined },
    { required: ["x"] },
  ),
  createCase("null for a text", { x: { type: "string", default: null } }, { form: {} }),
  createCase(
    "null for a list",
    { x: { type: "array", items: { type: "string" }, default: null } },
    { form: {} },
  ),
  createCase("null for an object", { x: { ...SETTINGS, default: null } }, { form: {} }),
  createCase("null for a boolean", { x: { type: "boolean", default: null } }, { form: {} }),
  createCase("a text for a number", { x: { type: "number", default: "1" } }, { form: {} }),
  createCase("a fraction for an integer", { x: { type: "integer", default: 1.5 } }, { form: {} }),
  createCase("a number below its minimum", { x: { type: "integer", minimum: 10, default: 3 } }, { form: {} }),
  createCase(
    "a number at its exclusive minimum",
    { x: { type: "number", exclusiveMinimum: 0, default: 0 } },
    { form: {} },
  ),
  createCase(
    "a number that is not a multiple",
    { x: { type: "number", multipleOf: 0.1, default: 0.25 } },
    { form: {} },
  ),
  createCase("a value that is not a choice", { x: { enum: ["a", "b"], default: "c" } }, { form: {} }),
  createCase(
    "a value other than the constant",
    { x: { type: "integer", const: 3, default: 4 } },
    { form: { x: 3 } },
  ),
  createCase("a text that is too short", { x: { type: "string", minLength: 1, default: "" } }, { form: {} }),
  createCase(
    "a text that does not match its pattern",
    { x: { type: "string", pattern: "^a+$", default: "b" } },
    { form: {} },
  ),
  createCase("an empty mail address", { x: { type: "string", format: "email", default: "" } }, { form: {} }),
  createCase("an empty date", { x: { type: "string", format: "date", default: "" } }, { form: {} }),
  createCase("an empty URI", { x: { type: "string", format: "uri", default: "" } }, { form: {} }),
  createCase(
    "a list with a wrong item",
    { x: { type: "array", items: { type: "integer" }, default: [1, null] } },
    { form: {} },
  ),
  createCase(
    "a list that is too short",
    { x: { type: "array", items: { type: "integer" }, minItems: 2, default: [1] } },
    { form: {} },
  ),
  createCase(
    "a list that repeats an item",
    { x: { type: "array", items: { type: "integer" }, uniqueItems: true, default: [1, 1] } },
    { form: {} },
  ),
  createCase(
    "a tuple with a wrong item",
    { x: { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], default: ["a", 1] } },
    { form: {} },
  ),
  createCase(
    "an object without a required member",
    { x: { $ref: "#/$defs/Strict", default: {} } },
    { form: {} },
    WITH_DEFS,
  ),
  createCase(
    "an object with a wrong member",
    { x: { ...SETTINGS_REFERENCE, default: { a: null, b: 1 } } },
    { form: {} },
    WITH_DEFS,
  ),
  createCase(
    "an object with a member that is not allowed",
    { x: { type: "object", properties: {}, additionalProperties: false, default: { a: 1 } } },
    { form: {} },
  ),
  createCase("in a referenced definition", { x: { $ref: "#/$defs/WrongLevel" } }, { form: {} }, WITH_DEFS),
  createCase(
    "null next to a reference with a valid default, which the worker does not use",
    { x: { $ref: "#/$defs/Level", default: null } },
    { form: {} },
    WITH_DEFS,
  ),
  createCase(
    "in a referenced definition that the reference restricts",
    { x: { allOf: [{ $ref: "#/$defs/Level" }], enum: ["high"] } },
    { form: {} },
    WITH_DEFS,
  ),
  createCase("in allOf", { x: { allOf: [{ type: "integer" }], default: "1" } }, { form: {} }),
  createCase(
    "in anyOf",
    { x: { anyOf: [{ type: "integer" }, { type: "string" }], default: null } },
    { form: {} },
  ),
  createCase(
    "in an option of anyOf",
    { x: { anyOf: [{ type: "integer", default: "1" }, { type: "null" }] } },
    { form: {} },
  ),
  createCase("excluded by not", { x: { type: "integer", not: { const: 0 }, default: 0 } }, { form: {} }),
  createCase(
    "null for a member of a required object",
    { x: { type: "object", properties: { y: { type: "integer", default: null } } } },
    { form: { x: {} }, cli: { x: {} } },
    { required: ["x"] },
  ),
  createCase(
    "of the whole schema",
    { x: { type: "integer", default: 1 } },
    { form: { x: 1 } },
    { default: { x: "one" } },
  ),
  createCase("an integer beyond 2^53", { x: { type: "integer", default: 2 ** 63 } }, { form: {} }),
  createCase("a constant beyond 2^53", { x: { const: 2 ** 60 } }, { form: {} }),
];
