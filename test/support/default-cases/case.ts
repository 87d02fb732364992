import type { JsonObject } from "../../../protocol/json.ts";

/** A schema, and the payloads that the form and `joblib run` send if the user enters nothing. */
export interface DefaultCase {
  readonly name: string;
  readonly schema: JsonObject;
  /**
   * The payload that the form sends. Undefined if the form cannot send one, because a required
   * value is missing.
   */
  readonly form: JsonObject | undefined;
  /**
   * The payload that `joblib run` sends, without the defaults that the worker adds itself.
   * Undefined if a required value is missing.
   */
  readonly cli: JsonObject | undefined;
}

interface Expected {
  readonly form: JsonObject | undefined;
  readonly cli?: JsonObject | undefined;
}

/** Creates a case whose payload schema has the given properties. */
export const createCase = (
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

/** An object whose members have defaults. */
export const SETTINGS: JsonObject = {
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
/** A part of a schema that contains the definitions to which the cases refer. */
export const WITH_DEFS = { $defs: DEFS };
/** A reference to the definition `Settings`. */
export const SETTINGS_REFERENCE: JsonObject = { $ref: "#/$defs/Settings" };
