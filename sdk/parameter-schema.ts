import * as z from "zod";
import { zodToJsonSchema } from "zod-to-json-schema";
import { JsonObject } from "../protocol/index.ts";
import { UsageError } from "./errors.ts";
import { toJson } from "./json.ts";
import type { AnySchema } from "./standard-schema.ts";

type Mode = "input" | "output";
type Zod3Type = Parameters<typeof zodToJsonSchema>[0];

const DIALECT = "draft-2020-12";
/** A schema of an object says at least one of these; a converter that did not understand says none. */
const SCHEMA_KEYWORDS = ["properties", "type", "anyOf", "oneOf", "allOf", "$ref"];

/** The JSON Schema of a payload: what the parameters take, so a field with a default is not required. */
export const toParameterSchema = (schema: AnySchema, what: string): JsonObject => {
  const convert = toJsonSchema(schema, "input", what);
  if (!SCHEMA_KEYWORDS.some((keyword) => keyword in convert)) {
    throw new UsageError(
      `${what} came out as an empty JSON Schema; joblib takes zod 4, zod 3 and Standard JSON Schema`,
    );
  }
  if (convert["type"] !== undefined && convert["type"] !== "object") {
    throw new UsageError(`${what} must be an object, not ${JSON.stringify(convert["type"])}`);
  }
  return convert;
};

/** The JSON Schema of a result: what is sent once the schema has made its output. */
export const toResultSchema = (schema: AnySchema, what: string): JsonObject =>
  toJsonSchema(schema, "output", what);

const toJsonSchema = (schema: AnySchema, mode: Mode, what: string): JsonObject => {
  try {
    return JsonObject.parse(toJson(convert(schema, mode)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${what} cannot be written as JSON Schema: ${reason}`, { cause: error });
  }
};

/** `zod-to-json-schema` gives nothing for zod 4, and says nothing: it is asked about zod 3 alone. */
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
  throw new UsageError("it is neither zod's nor does it speak Standard JSON Schema");
};

const isZod4 = (schema: object): schema is z.core.$ZodType => "_zod" in schema;

const isZod3 = (schema: object): schema is Zod3Type =>
  "_def" in schema && typeof schema._def === "object" && schema._def !== null && "typeName" in schema._def;
