import type { FieldProps, RJSFSchema, SchemaUtilsType } from "@rjsf/utils";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../protocol/json.ts";
import { SchemaDefaults } from "../../../protocol/schema/schema-defaults.ts";

type Registry = FieldProps["registry"];
type GetDefaults = SchemaUtilsType["getDefaultFormState"];
type Sanitize = SchemaUtilsType["sanitizeDataForNewSchema"];

const cache = new WeakMap<Registry, Registry>();

const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;

/**
 * Copies a schema or a payload as JSON, which removes members that are `undefined`.
 * react-jsonschema-form sets the members of a deselected union option to `undefined`.
 */
const toJson = (value: unknown): JsonValue | undefined =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

const createGetDefaults = (utils: SchemaUtilsType): GetDefaults => {
  const defaults = new SchemaDefaults(utils.getRootSchema() as JsonObject);
  return (schema: RJSFSchema, formData, ...rest) => {
    const initial = defaults.createInitialValue(schema as JsonObject, toJson(formData));
    return utils.getDefaultFormState(schema, isContainer(initial) ? initial : formData, ...rest);
  };
};

/** Returns `value` without the members that `original` does not have, at any depth. */
const keepKnownMembers = (original: JsonValue | undefined, value: JsonValue): JsonValue => {
  if (!isJsonObject(original) || !isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => original[name] !== undefined)
      .map(([name, member]) => [name, keepKnownMembers(original[name], member)]),
  );
};

/**
 * Keeps the members that the old and the new option of a union have in common.
 * react-jsonschema-form also adds missing members with their own defaults. This function removes
 * the added members, because they would override the default of the new option's object.
 */
const createSanitize =
  (utils: SchemaUtilsType): Sanitize =>
  (newSchema, oldSchema, data) => {
    const carried = toJson(utils.sanitizeDataForNewSchema(newSchema, oldSchema, data));
    return carried === undefined ? undefined : keepKnownMembers(toJson(data), carried);
  };

/**
 * Returns a registry that fills new parts of a payload (items of lists, optional objects, options
 * of unions) with defaults by the rules of `SchemaDefaults`. The original registry of
 * react-jsonschema-form would let the default of a member override the default of its object.
 */
export const applySchemaDefaults = (registry: Registry): Registry => {
  const cached = cache.get(registry);
  if (cached !== undefined) return cached;
  const schemaUtils: SchemaUtilsType = Object.create(registry.schemaUtils, {
    getDefaultFormState: { value: createGetDefaults(registry.schemaUtils) },
    sanitizeDataForNewSchema: { value: createSanitize(registry.schemaUtils) },
  });
  const wrapped = { ...registry, schemaUtils };
  cache.set(registry, wrapped);
  cache.set(wrapped, wrapped);
  return wrapped;
};
