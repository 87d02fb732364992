/** A JSON object as it came over the wire. */
export type JsonObject = { [key: string]: unknown };

/** One thing that does not fit, with a JSON Pointer to where it is. */
export interface SchemaError {
  pointer: string;
  detail: string;
}

/** Thrown where a schema that cannot be used is compiled all the same; `checkSchema` finds it beforehand. */
export class InvalidSchemaError extends Error {
  readonly faults: readonly SchemaError[];

  constructor(faults: readonly SchemaError[]) {
    super(`invalid schema: ${faults.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; ")}`);
    this.name = "InvalidSchemaError";
    this.faults = faults;
  }
}

/** What a value is told whose schema cannot be compiled any more. */
export const UNSUPPORTED_SCHEMA: SchemaError = {
  pointer: "",
  detail: "cannot be checked, as the job's schema is no longer supported",
};

// A pointer repeats the caller's property names, and a hundred faults may lie under one name of a megabyte.
const longestPointer = 1000;

/** Extends a pointer by tokens; where it would become too long, it names the nearest ancestor. */
export function extendPointer(base: string, ...tokens: readonly (string | number)[]): string {
  let pointer = base;
  for (const token of tokens) {
    const text = String(token);
    if (pointer.length + text.length > longestPointer) break;
    pointer += `/${text.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  return pointer;
}

/** Shortens a pointer to its nearest ancestor that is not too long to be repeated. */
export function shortenPointer(pointer: string): string {
  if (pointer.length <= longestPointer) return pointer;
  return pointer.slice(0, pointer.lastIndexOf("/", longestPointer));
}

/** Whether a value is a JSON object, and not an array or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text of a stranger's, cut to what a sentence can carry. */
export function truncateText(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}
