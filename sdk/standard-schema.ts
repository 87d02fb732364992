import type { FieldError } from "../protocol/index.ts";
import { UsageError } from "./errors.ts";

/** What a schema library shows of itself by https://standardschema.dev, as far as it is used here. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly jsonSchema?: StandardJsonSchema | undefined;
  };
}

interface StandardJsonSchema {
  readonly input: (options: { target: string }) => Record<string, unknown>;
  readonly output: (options: { target: string }) => Record<string, unknown>;
}

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

/** A class of zod 3, from before 3.24 too, where it did not know the standard yet. */
export interface Zod3Schema<Input = unknown, Output = Input> {
  readonly _input: Input;
  readonly _output: Output;
  readonly _def: object;
  safeParse(value: unknown): { success: true; data: Output } | { success: false; error: { issues: Issue[] } };
}

/** Any schema that an extension's parameters or result can have: zod 4, zod 3, or what speaks the standard. */
export type AnySchema<Input = unknown, Output = Input> =
  | StandardSchema<Input, Output>
  | Zod3Schema<Input, Output>;

/** What a schema takes. */
export type SchemaInput<Schema> =
  Schema extends StandardSchema<infer Input, unknown>
    ? Input
    : Schema extends Zod3Schema<infer Input, unknown>
      ? Input
      : never;

/** What a schema makes of it. */
export type SchemaOutput<Schema> =
  Schema extends StandardSchema<infer _, infer Output>
    ? Output
    : Schema extends Zod3Schema<infer _, infer Output>
      ? Output
      : never;

/** What a check found. */
export type CheckResult = { readonly value: unknown } | { readonly errors: FieldError[] };

/** Checks a value by its schema; `pointer` is where the value stands in what the user sees. */
export const check = (schema: AnySchema, value: unknown, pointer = ""): CheckResult => {
  const result = run(schema, value);
  if (result.issues === undefined) return { value: result.value };
  return {
    errors: result.issues.map((issue) => ({
      pointer: pointer + (issue.path ?? []).map(toPointerPart).join(""),
      detail: issue.message,
    })),
  };
};

const run = (schema: AnySchema, value: unknown): StandardResult<unknown> => {
  if (!("~standard" in schema)) {
    const parsed = schema.safeParse(value);
    return parsed.success ? { value: parsed.data } : { issues: parsed.error.issues };
  }
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new UsageError("the schema checks asynchronously, which a constructor cannot wait for");
  }
  return result;
};

const toPointerPart = (part: PropertyKey | { readonly key: PropertyKey }): string => {
  const key = typeof part === "object" ? part.key : part;
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
};
