import type { FieldProps, RJSFSchema, SchemaUtilsType } from "@rjsf/utils";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { SchemaDefaults } from "../../protocol/schema/schema-defaults.ts";

type Registry = FieldProps["registry"];
type GetDefaults = SchemaUtilsType["getDefaultFormState"];

const known = new WeakMap<Registry, Registry>();

const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Schemas and payloads are JSON; the library's types are wider. */
const asJson = (value: unknown): JsonValue | undefined => value as JsonValue | undefined;

const createGetDefaults = (utils: SchemaUtilsType): GetDefaults => {
  const root = asJson(utils.getRootSchema());
  const defaults = new SchemaDefaults(isJsonObject(root) ? root : {});
  return (schema: RJSFSchema, formData, ...rest) => {
    const begun = defaults.begin(schema as JsonObject, asJson(formData));
    return utils.getDefaultFormState(schema, isContainer(begun) ? begun : formData, ...rest);
  };
};

/**
 * Returns a registry that begins new parts of a payload by the rules of `SchemaDefaults`: items of lists, optional
 * objects, and the kinds of a union. In the library the default of a member overrides that of its object.
 */
export const beginByDefaults = (registry: Registry): Registry => {
  const there = known.get(registry);
  if (there !== undefined) return there;
  const schemaUtils: SchemaUtilsType = Object.create(registry.schemaUtils, {
    getDefaultFormState: { value: createGetDefaults(registry.schemaUtils) },
  });
  const own = { ...registry, schemaUtils };
  known.set(registry, own);
  known.set(own, own);
  return own;
};
