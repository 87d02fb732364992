import * as z from "zod";
import { zodToJsonSchema } from "zod-to-json-schema";
import { JsonObject } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import { toJson } from "./json.ts";
import type { AnySchema } from "./standard-schema.ts";

type Mode = "input" | "output";
type Zod3Type = Parameters<typeof zodToJsonSchema>[0];

const DIALECT = "draft-2020-12";
/**
 * The JSON Schema of an object contains at least one of these keywords. If a converter fails, its output
 * contains none of them.
 */
const SCHEMA_KEYWORDS = ["properties", "type", "anyOf", "oneOf", "allOf", "$ref"];

/**
 * Returns the JSON Schema of a payload. It is the input type of the parameters, so a field with a default is
 * not required. Throws `UsageError` if the schema cannot be converted or is not an object.
 */
export const toParameterSchema = (schema: AnySchema, label: string): JsonObject => {
  const jsonSchema = toJsonSchema(schema, "input", label);
  if (!SCHEMA_KEYWORDS.some((keyword) => keyword in jsonSchema)) {
    throw new UsageError(
      `${label} have an empty JSON Schema; use zod 4, zod 3 or a library that implements Standard JSON Schema`,
    );
  }
  if (jsonSchema["type"] !== undefined && jsonSchema["type"] !== "object") {
    throw new UsageError(`${label} must be an object, not ${JSON.stringify(jsonSchema["type"])}`);
  }
  return jsonSchema;
};

/**
 * Returns the JSON Schema of a result, which is the output type of its schema. Throws `UsageError` if it
 * cannot be converted.
 */
export const toResultSchema = (schema: AnySchema, label: string): JsonObject =>
  toJsonSchema(schema, "output", label);

const toJsonSchema = (schema: AnySchema, mode: Mode, label: string): JsonObject => {
  try {
    return JsonObject.parse(toJson(convert(schema, mode)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${label} cannot be converted to JSON Schema: ${reason}`, { cause: error });
  }
};

/**
 * Converts a schema. Uses `zod-to-json-schema` only for zod 3, because for zod 4 it silently returns an empty
 * schema.
 */
const convert = (schema: AnySchema, mode: Mode): unknown => {
  if (isZod4(schema)) return z.toJSONSchema(schema, { io: mode, target: DIALECT });
  const own = "~standard" in schema ? schema["~standard"].jsonSchema : undefined;
  if (own !== undefined) return own[mode]({ target: DIALECT });
  if (isZod3(schema)) {
    return zodToJsonSchema(schema, {
      pipeStrategy: mode,
      ...(mode === "input" && { removeAdditionalStrategy: "strict" }),
    });
  }
  throw new UsageError("it is neither a zod schema nor an implementation of Standard JSON Schema");
};

const isZod4 = (schema: object): schema is z.core.$ZodType => "_zod" in schema;

const isZod3 = (schema: object): schema is Zod3Type =>
  "_def" in schema && typeof schema._def === "object" && schema._def !== null && "typeName" in schema._def;

/**
 * Throws `UsageError` for a default that does not match its type, at any depth: zod does not validate
 * defaults, a file may run without type checks, and the job's form would omit such a default. Types that
 * transform their value are skipped, because their default has the output type.
 */
export const checkDefaults = (schema: AnySchema, label: string): void => {
  if (schema instanceof z.ZodObject) checkMembers(schema, { label, path: [], checked: new Set() });
};

interface SchemaLocation {
  readonly label: string;
  readonly path: readonly string[];
  /** Schemas that were already checked, because a schema can contain itself. */
  readonly checked: Set<z.core.$ZodType>;
}

const checkMembers = (schema: z.ZodObject, location: SchemaLocation): void => {
  const { shape } = schema;
  for (const name of Object.keys(shape)) {
    // A getter is skipped, because it may refer to a schema that is not defined yet.
    const field: unknown = Object.getOwnPropertyDescriptor(shape, name)?.value;
    if (field instanceof z.core.$ZodType) checkType(field, { ...location, path: [...location.path, name] });
  }
};

const checkType = (schema: z.core.$ZodType, location: SchemaLocation): void => {
  if (location.checked.has(schema)) return;
  location.checked.add(schema);
  if (schema instanceof z.ZodDefault) checkDefault(schema, location);
  if (schema instanceof z.ZodObject) checkMembers(schema, location);
  for (const inner of getInnerTypes(schema)) checkType(inner, location);
};

const getInnerTypes = (schema: z.core.$ZodType): readonly z.core.$ZodType[] => {
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  if (schema instanceof z.ZodTuple) return schema.def.items;
  if (schema instanceof z.ZodUnion) return schema.options;
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly;
  return isWrapper ? [schema.def.innerType] : [];
};

const checkDefault = (field: z.ZodDefault, { label, path }: SchemaLocation): void => {
  const type = field.unwrap();
  if (!hasSameInputAndOutput(type)) return;
  const parsed = z.safeParse(type, field.def.defaultValue);
  if (parsed.success) return;
  const reason = parsed.error.issues[0]?.message;
  throw new UsageError(`${label}: the default of ${path.join(".")} is invalid: ${reason}`);
};

const hasSameInputAndOutput = (type: z.core.$ZodType): boolean => {
  const side = (io: "input" | "output") =>
    JSON.stringify(z.toJSONSchema(type, { io, unrepresentable: "any" }));
  return side("input") === side("output");
};
