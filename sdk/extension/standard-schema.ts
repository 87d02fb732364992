import type { FieldError } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";

/**
 * A schema that implements Standard Schema (https://standardschema.dev), reduced to the members
 * that the SDK uses.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly jsonSchema?: Record<"input" | "output", (options: { target: string }) => object> | undefined;
  };
}

type StandardResult<Output> = { readonly value: Output; readonly issues?: undefined } | StandardFailure;

interface StandardFailure {
  readonly issues: readonly {
    readonly message: string;
    readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  }[];
}

/** A zod 3 schema. Versions before 3.24 do not implement Standard Schema. */
export interface Zod3Schema<Input = unknown, Output = Input> {
  readonly _input: Input;
  readonly _output: Output;
  readonly _def: object;
  safeParse(value: unknown): { success: true; data: Output } | { success: false; error: StandardFailure };
}

/**
 * A schema for the parameters or the result of an extension: zod 4, zod 3, or any Standard Schema.
 */
export type AnySchema<Input = unknown, Output = Input> =
  | StandardSchema<Input, Output>
  | Zod3Schema<Input, Output>;

/** The input type of a schema. */
export type SchemaInput<Schema> = Schema extends AnySchema<infer Input, unknown> ? Input : never;

/** The output type of a schema. */
export type SchemaOutput<Schema> = Schema extends AnySchema<infer _, infer Output> ? Output : never;

export type ValidationResult = { readonly value: unknown } | { readonly errors: FieldError[] };

/**
 * Validates a value. `pointer` is the JSON Pointer of the value in the request body; it becomes the
 * beginning of the errors' pointers. Throws `UsageError` if the schema validates asynchronously.
 */
export function validate(schema: AnySchema, value: unknown, pointer: string): ValidationResult {
  const result = runSchema(schema, value);
  if (result.issues === undefined) return { value: result.value };
  const errors = result.issues.map(({ path = [], message }) => ({
    pointer: pointer + path.map(toPointerPart).join(""),
    detail: message,
  }));
  return { errors };
}

function runSchema(schema: AnySchema, value: unknown): StandardResult<unknown> {
  if (!("~standard" in schema)) {
    const parsed = schema.safeParse(value);
    return parsed.success ? { value: parsed.data } : parsed.error;
  }
  const result = schema["~standard"].validate(value);
  if (!(result instanceof Promise)) return result;
  result.catch(() => {});
  throw new UsageError(
    "the schema validates asynchronously, but a constructor cannot wait for it: use a synchronous schema",
  );
}

function toPointerPart(part: PropertyKey | { readonly key: PropertyKey }): string {
  const key = String(typeof part === "object" ? part.key : part);
  return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
