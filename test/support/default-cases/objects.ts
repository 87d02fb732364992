import { createCase, type DefaultCase, SETTINGS_REFERENCE, WITH_DEFS } from "./case.ts";

/**
 * Cases in which both an object and its members have defaults. The object's default has precedence,
 * and its members' defaults only add missing members.
 */
export const OBJECTS: readonly DefaultCase[] = [
  createCase(
    "next to a reference",
    { x: { ...SETTINGS_REFERENCE, default: { a: 5, b: 1 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  createCase(
    "that lacks a member",
    { x: { ...SETTINGS_REFERENCE, default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  createCase(
    "that is empty",
    { x: { ...SETTINGS_REFERENCE, default: {} } },
    { form: { x: { a: 1, b: 1 } } },
    WITH_DEFS,
  ),
  createCase(
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
  createCase(
    "in allOf",
    { x: { allOf: [SETTINGS_REFERENCE], default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  createCase(
    "for an object or null",
    { x: { anyOf: [SETTINGS_REFERENCE, { type: "null" }], default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } } },
    WITH_DEFS,
  ),
  createCase(
    "that is null",
    { x: { anyOf: [SETTINGS_REFERENCE, { type: "null" }], default: null } },
    { form: { x: null } },
    WITH_DEFS,
  ),
  createCase(
    "for a record",
    {
      x: {
        type: "object",
        additionalProperties: SETTINGS_REFERENCE,
        default: { k: { a: 4 }, "a b": { a: 0 } },
      },
    },
    { form: { x: { k: { a: 4, b: 1 }, "a b": { a: 0, b: 1 } } } },
    WITH_DEFS,
  ),
  createCase(
    "for a discriminated union",
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
  createCase(
    "for a union without a discriminator",
    { x: { anyOf: [{ type: "string" }, SETTINGS_REFERENCE], default: { a: 3 } } },
    { form: { x: { a: 3, b: 1 } } },
    WITH_DEFS,
  ),
  createCase(
    "for a list of objects",
    { x: { type: "array", items: SETTINGS_REFERENCE, default: [{ a: 3 }, {}] } },
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
  createCase(
    "for a tree",
    { x: { $ref: "#/$defs/Node", default: { value: 2, child: { value: 3 } } } },
    { form: { x: { value: 2, child: { value: 3, child: null } } } },
    WITH_DEFS,
  ),
  createCase(
    "within a required object",
    {
      x: {
        type: "object",
        properties: { inner: { ...SETTINGS_REFERENCE, default: { a: 0 } } },
      },
    },
    { form: { x: { inner: { a: 0, b: 1 } } }, cli: { x: {} } },
    { ...WITH_DEFS, required: ["x"] },
  ),
  createCase(
    "for a required object",
    { x: { ...SETTINGS_REFERENCE, default: { a: 5 } } },
    { form: { x: { a: 5, b: 1 } }, cli: { x: { a: 5, b: 1 } } },
    { ...WITH_DEFS, required: ["x"] },
  ),
  createCase(
    "for the payload itself",
    { x: { type: "integer", default: 1 }, y: { type: "integer", default: 2 } },
    { form: { x: 5, y: 2 }, cli: { x: 5, y: 2 } },
    { default: { x: 5 } },
  ),
];
