import * as z from "zod";
import { zodToJsonSchema } from "zod-to-json-schema";
import { JsonObject } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import { toJson } from "./json.ts";
import type { AnySchema } from "./standard-schema.ts";

const DIALECT = "draft-2020-12";
/**
 * Keywords of which the JSON Schema of an object contains at least one. If a converted schema
 * contains none of them, the conversion has failed.
 */
const SCHEMA_KEYWORDS = ["properties", "type", "anyOf", "oneOf", "allOf", "$ref"];

/**
 * Returns the JSON Schema of a payload. It describes the input type of the parameters, so a field
 * with a default is not required. Throws `UsageError` if the schema cannot be converted or is not
 * an object.
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
 * Returns the JSON Schema of a schema's input or output type. Throws `UsageError` if it cannot be
 * converted.
 */
export const toJsonSchema = (schema: AnySchema, io: "input" | "output", label: string): JsonObject => {
  try {
    return JsonObject.parse(toJson(convert(schema, io)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${label} cannot be converted to JSON Schema: ${reason}`, { cause: error });
  }
};

/**
 * Converts a schema to JSON Schema. `zod-to-json-schema` is used only for zod 3, because it
 * silently returns an empty schema for a zod 4 type.
 */
const convert = (schema: AnySchema, io: "input" | "output"): unknown => {
  if (isZod4(schema)) return z.toJSONSchema(schema, { io, target: DIALECT });
  const own = "~standard" in schema ? schema["~standard"].jsonSchema : undefined;
  if (own !== undefined) return own[io]({ target: DIALECT });
  if (!isZod3(schema))
    throw new UsageError("it is neither a zod schema nor an implementation of Standard JSON Schema");
  const strategy = io === "input" ? ({ removeAdditionalStrategy: "strict" } as const) : {};
  return zodToJsonSchema(schema, { pipeStrategy: io, ...strategy });
};

const isZod4 = (schema: object): schema is z.core.$ZodType => "_zod" in schema;

const isZod3 = (schema: object): schema is Parameters<typeof zodToJsonSchema>[0] =>
  "_def" in schema && typeof schema._def === "object" && schema._def !== null && "typeName" in schema._def;

/**
 * Throws `UsageError` if any default in the schema, at any depth, does not match its type.
 * TypeScript does not find all invalid defaults, zod does not validate defaults, and the job's form
 * in the dashboard would ignore an invalid default.
 */
export function checkDefaults(schema: AnySchema, label: string): void {
  if (!isZod4(schema)) return;
  z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    // zod calls `override` for every type in the schema.
    override: ({ zodSchema, path }) => {
      if (!(zodSchema instanceof z.core.$ZodDefault)) return;
      const reason = findDefaultIssue(zodSchema);
      // `path` is the path in the JSON Schema, in which the name of a parameter follows the keyword
      // `properties`.
      const name = path.filter((_, index) => path[index - 1] === "properties").join(".");
      if (reason !== undefined)
        throw new UsageError(`${label}: the default of ${name} is invalid: ${reason}`);
    },
  });
}

/**
 * Returns why a default does not match its type, or undefined if the default matches. Ignores types
 * that transform their value, because their default has the output type and cannot be validated as
 * input.
 */
function findDefaultIssue({ _zod: { def } }: z.core.$ZodDefault): string | undefined {
  const [input, output] = (["input", "output"] as const).map((io) =>
    JSON.stringify(z.toJSONSchema(def.innerType, { io, unrepresentable: "any" })),
  );
  if (input !== output) return undefined;
  return z.safeParse(def.innerType, def.defaultValue).error?.issues[0]?.message;
}
