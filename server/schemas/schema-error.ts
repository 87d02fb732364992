import type { FieldError } from "../../protocol/problem.ts";

export { isJsonObject } from "../../protocol/json.ts";

export type JsonObject = { [key: string]: unknown };

/** An error in a schema or a value. The pointer is relative to the root of the schema or value. */
export type SchemaError = FieldError;

/**
 * Thrown if an invalid schema is compiled. To get the errors of a schema without an exception, use
 * `checkSchema`.
 */
export class InvalidSchemaError extends Error {
  readonly errors: SchemaError[];

  constructor(errors: SchemaError[]) {
    super(`invalid schema: ${errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; ")}`);
    this.name = "InvalidSchemaError";
    this.errors = errors;
  }
}

/**
 * The error of every value whose schema this version of joblib cannot compile, although an older
 * version accepted it.
 */
export const UNSUPPORTED_SCHEMA: SchemaError = {
  pointer: "",
  detail:
    "cannot be validated, because the job's schema is no longer supported; register the job with a supported schema",
};

export const TOO_DEEP: SchemaError = { pointer: "", detail: "is nested too deeply to validate" };

export const TAKES_TOO_LONG =
  "takes too long to validate against the schema; send a smaller value or simplify the schema";

// Maximum length of a pointer, in characters. A pointer contains property names of the payload, so
// a hundred errors below a name of 1 MB would otherwise have 100 MB.
const MAX_POINTER_LENGTH = 1000;

/**
 * Appends tokens to a pointer. Omits the tokens with which the pointer would be longer than
 * `MAX_POINTER_LENGTH`.
 */
export function extendPointer(base: string, ...tokens: readonly (string | number)[]): string {
  let pointer = base;
  for (const token of tokens) {
    const text = String(token);
    if (pointer.length + text.length > MAX_POINTER_LENGTH) break;
    pointer += `/${text.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  return pointer;
}

/** Returns the pointer, or the pointer to the nearest ancestor whose pointer is short enough. */
export function shortenPointer(pointer: string): string {
  if (pointer.length <= MAX_POINTER_LENGTH) return pointer;
  return pointer.slice(0, pointer.lastIndexOf("/", MAX_POINTER_LENGTH));
}

/** Returns the first 100 characters of an untrusted text, for a message. */
export function truncateText(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}
