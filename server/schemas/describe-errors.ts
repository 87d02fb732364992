import type { ErrorObject } from "ajv";
import { extendPointer, type SchemaError, shortenPointer, truncateText } from "./schema-error.ts";

/** The most faults that one answer lists. */
export const MAX_ERRORS = 100;

const branching = new Set(["anyOf", "oneOf", "if"]);

/** Puts Ajv's errors in sentences, each once, and each pointing at the member that it is about. */
export function describeErrors(errors: readonly ErrorObject[]): SchemaError[] {
  const types = typesByPlace(errors);
  const pointers = errors.map(pointerOfError);
  const faults = new Map<string, SchemaError>();
  errors.forEach((error, index) => {
    const pointer = pointers[index] ?? "";
    if (
      faults.size >= MAX_ERRORS ||
      isSaidByBranches(error, pointer, pointers.slice(Math.max(0, index - 20), index))
    ) {
      return;
    }
    const fault = { pointer, detail: getDetail(error, types) };
    faults.set(`${pointer}\n${fault.detail}`, fault);
  });
  return [...faults.values()];
}

function pointerOfError({ instancePath, params, propertyName }: ErrorObject): string {
  const name: unknown =
    params["missingProperty"] ??
    params["additionalProperty"] ??
    params["unevaluatedProperty"] ??
    params["propertyName"] ??
    propertyName;
  const base = shortenPointer(instancePath);
  return base === instancePath && typeof name === "string" ? extendPointer(base, name) : base;
}

// "fits none of the forms" says nothing when the lines before it say why none of them fits.
function isSaidByBranches(error: ErrorObject, pointer: string, before: readonly string[]): boolean {
  if (!branching.has(error.keyword) || error.params["passingSchemas"]) return false;
  return before.some((other) => other === pointer || other.startsWith(`${pointer}/`));
}

/** The types that would do at a place: `anyOf` of a number and null reports two errors that are one sentence. */
function typesByPlace(errors: readonly ErrorObject[]): Map<string, Set<string>> {
  const places = new Map<string, Set<string>>();
  for (const { keyword, instancePath, params } of errors) {
    if (keyword !== "type") continue;
    const types = places.get(instancePath) ?? new Set();
    places.set(instancePath, types);
    const named: unknown = params["type"];
    for (const type of Array.isArray(named) ? named : [named]) types.add(String(type));
  }
  return places;
}

function getDetail(error: ErrorObject, types: ReadonlyMap<string, ReadonlySet<string>>): string {
  if (error.keyword === "type") {
    const wanted = [...(types.get(error.instancePath) ?? [])].join(" or ");
    return `must be ${wanted}, not ${getTypeName(error.data)}`;
  }
  const describe = Object.hasOwn(details, error.keyword) ? details[error.keyword] : undefined;
  return describe?.(error) ?? error.message ?? "does not fit the schema";
}

const details: Record<string, (error: ErrorObject) => string> = {
  required: () => "is required",
  dependentRequired: ({ params }) => `is required when ${quoted(params["property"])} is given`,
  additionalProperties: () => "is not a known property",
  unevaluatedProperties: () => "is not a known property",
  propertyNames: () => "is not a name that a property may have here",
  "false schema": () => "is not allowed",
  enum: ({ schema }) => `must be one of ${Array.isArray(schema) ? listed(schema) : "the listed values"}`,
  const: ({ schema }) => `must be ${quoted(schema)}`,
  not: () => "fits a schema that it must not fit",
  anyOf: () => "fits none of the allowed forms",
  oneOf: ({ params }) =>
    params["passingSchemas"]
      ? "fits more than one of the forms that exclude each other"
      : "fits none of the allowed forms",
  if: ({ params }) => `must fit the "${params["failingKeyword"]}" schema`,
  minimum: ({ params, data }) => `must be at least ${params["limit"]}, not ${quoted(data)}`,
  maximum: ({ params, data }) => `must be at most ${params["limit"]}, not ${quoted(data)}`,
  exclusiveMinimum: ({ params, data }) => `must be more than ${params["limit"]}, not ${quoted(data)}`,
  exclusiveMaximum: ({ params, data }) => `must be less than ${params["limit"]}, not ${quoted(data)}`,
  multipleOf: ({ schema, data }) => `must be a multiple of ${quoted(schema)}, not ${quoted(data)}`,
  minLength: ({ params }) => `must have at least ${params["limit"]} characters`,
  maxLength: ({ params }) => `must have at most ${params["limit"]} characters`,
  minItems: ({ params }) => `must have at least ${params["limit"]} items`,
  maxItems: ({ params }) => `must have at most ${params["limit"]} items`,
  minProperties: ({ params }) => `must have at least ${params["limit"]} properties`,
  maxProperties: ({ params }) => `must have at most ${params["limit"]} properties`,
  items: ({ params }) => `must have at most ${params["limit"]} items`,
  unevaluatedItems: ({ params }) => `must have at most ${params["limit"] ?? params["len"]} items`,
  uniqueItems: () => "must not have the same item twice",
  pattern: ({ params }) => `must match the pattern ${truncateText(String(params["pattern"]))}`,
  format: ({ params }) => `must be a valid ${params["format"]}`,
};

function getTypeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function quoted(value: unknown): string {
  return truncateText(JSON.stringify(value) ?? "");
}

function listed(values: readonly unknown[]): string {
  const shown = values.slice(0, 10).map(quoted).join(", ");
  return values.length > 10 ? `${shown}, …` : shown;
}
