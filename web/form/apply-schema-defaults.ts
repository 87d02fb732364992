import type { FieldProps, RJSFSchema, SchemaUtilsType } from "@rjsf/utils";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { SchemaDefaults } from "../../protocol/schema/schema-defaults.ts";

type Registry = FieldProps["registry"];
type GetDefaults = SchemaUtilsType["getDefaultFormState"];
type Sanitize = SchemaUtilsType["sanitizeDataForNewSchema"];

const known = new WeakMap<Registry, Registry>();

const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;

/** The JSON of a schema or a payload. The library writes `undefined` for members that another kind of a union had. */
const toJson = (value: unknown): JsonValue | undefined =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

const createGetDefaults = (utils: SchemaUtilsType): GetDefaults => {
  const defaults = new SchemaDefaults(utils.getRootSchema() as JsonObject);
  return (schema: RJSFSchema, formData, ...rest) => {
    const begun = defaults.createInitialValue(schema as JsonObject, toJson(formData));
    return utils.getDefaultFormState(schema, isContainer(begun) ? begun : formData, ...rest);
  };
};

/** Returns what is left of a value in another one, without what was added to it. */
const keepKnownMembers = (given: JsonValue | undefined, value: JsonValue): JsonValue => {
  if (!isJsonObject(given) || !isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => given[name] !== undefined)
      .map(([name, member]) => [name, keepKnownMembers(given[name], member)]),
  );
};

/** When another kind of a union is chosen, the library carries over what fits, and adds the defaults of single members. */
const createSanitize =
  (utils: SchemaUtilsType): Sanitize =>
  (newSchema, oldSchema, data) => {
    const carried = toJson(utils.sanitizeDataForNewSchema(newSchema, oldSchema, data));
    return carried === undefined ? undefined : keepKnownMembers(toJson(data), carried);
  };

/**
 * Returns a registry that begins new parts of a payload by the rules of `SchemaDefaults`: items of lists, optional
 * objects, and the kinds of a union. In the library the default of a member overrides that of its object.
 */
export const applySchemaDefaults = (registry: Registry): Registry => {
  const there = known.get(registry);
  if (there !== undefined) return there;
  const schemaUtils: SchemaUtilsType = Object.create(registry.schemaUtils, {
    getDefaultFormState: { value: createGetDefaults(registry.schemaUtils) },
    sanitizeDataForNewSchema: { value: createSanitize(registry.schemaUtils) },
  });
  const own = { ...registry, schemaUtils };
  known.set(registry, own);
  known.set(own, own);
  return own;
};
