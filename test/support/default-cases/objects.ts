import { type DefaultCase, payload, settings, WITH_DEFS } from "./case.ts";

/** An object's own default has precedence over those of its members, which fill in what it lacks. */
export const OBJECTS: readonly DefaultCase[] = [
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
