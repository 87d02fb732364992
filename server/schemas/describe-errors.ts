import type { ErrorObject } from "ajv";
import { extendPointer, type SchemaError, shortenPointer, truncateText } from "./schema-error.ts";

const MAX_ERRORS = 100;

const BRANCHING_KEYWORDS = new Set(["anyOf", "oneOf", "if"]);

/**
 * Converts Ajv's errors to joblib's errors, and removes duplicates. The pointer of each error
 * refers to the invalid member.
 */
export function describeErrors(errors: readonly ErrorObject[]): SchemaError[] {
  const types = collectTypes(errors);
  const pointers = errors.map(getErrorPointer);
  const described = new Map<string, SchemaError>();
  for (const [index, error] of errors.entries()) {
    if (described.size >= MAX_ERRORS) break;
    const pointer = pointers[index] ?? "";
    if (isExplainedByBranches(error, pointer, pointers.slice(Math.max(0, index - 20), index))) continue;
    const detail = getDetail(error, types);
    described.set(`${pointer}\n${detail}`, { pointer, detail });
  }
  return [...described.values()];
}

function getErrorPointer({ instancePath, params, propertyName }: ErrorObject): string {
  const name: unknown =
    params["missingProperty"] ??
    params["additionalProperty"] ??
    params["unevaluatedProperty"] ??
    params["propertyName"] ??
    propertyName;
  const base = shortenPointer(instancePath);
  return base === instancePath && typeof name === "string" ? extendPointer(base, name) : base;
}

// Returns true for the error "matches none of the allowed schemas" if earlier errors explain why
// the schemas do not match, so that this error can be omitted.
function isExplainedByBranches(error: ErrorObject, pointer: string, previous: readonly string[]): boolean {
  if (!BRANCHING_KEYWORDS.has(error.keyword) || error.params["passingSchemas"]) return false;
  return previous.some((other) => other === pointer || other.startsWith(`${pointer}/`));
}

/**
 * Returns the allowed types for each pointer, so that the type errors of an `anyOf` can be merged
 * into one error.
 */
function collectTypes(errors: readonly ErrorObject[]): Map<string, Set<string>> {
  const typeErrors = errors.filter(({ keyword }) => keyword === "type");
  const byPointer = [...Map.groupBy(typeErrors, ({ instancePath }) => instancePath)];
  return new Map(
    byPointer.map(([pointer, same]) => [pointer, new Set(same.flatMap(({ params }) => params["type"]))]),
  );
}

function getDetail(error: ErrorObject, types: ReadonlyMap<string, ReadonlySet<string>>): string {
  if (error.keyword === "type") {
    const allowed = [...(types.get(error.instancePath) ?? [])].join(" or ");
    return `must be ${allowed}, not ${getTypeName(error.data)}`;
  }
  const describe = Object.hasOwn(DETAILS_BY_KEYWORD, error.keyword)
    ? DETAILS_BY_KEYWORD[error.keyword]
    : undefined;
  return describe?.(error) ?? error.message ?? "does not match the schema";
}

const DETAILS_BY_KEYWORD: Record<string, (error: ErrorObject) => string> = {
  required: () => "is required",
  dependentRequired: ({ params }) => `is required if ${quote(params["property"])} is present`,
  additionalProperties: () => "is not a known property",
  unevaluatedProperties: () => "is not a known property",
  propertyNames: () => "is not an allowed property name",
  "false schema": () => "is not allowed",
  enum: ({ schema }) => `must be one of ${Array.isArray(schema) ? joinValues(schema) : "the listed values"}`,
  const: ({ schema }) => `must be ${quote(schema)}`,
  not: () => "matches a schema that it must not match",
  anyOf: () => "matches none of the allowed schemas",
  oneOf: ({ params }) =>
    params["passingSchemas"]
      ? "matches more than one of the allowed schemas, but must match exactly one"
      : "matches none of the allowed schemas",
  if: ({ params }) => `must match the "${params["failingKeyword"]}" schema`,
  minimum: ({ params, data }) => `must be at least ${params["limit"]}, not ${quote(data)}`,
  maximum: ({ params, data }) => `must be at most ${params["limit"]}, not ${quote(data)}`,
  exclusiveMinimum: ({ params, data }) => `must be greater than ${params["limit"]}, not ${quote(data)}`,
  exclusiveMaximum: ({ params, data }) => `must be less than ${params["limit"]}, not ${quote(data)}`,
  multipleOf: ({ schema, data }) => `must be a multiple of ${quote(schema)}, not ${quote(data)}`,
  minLength: ({ params }) => `must have at least ${params["limit"]} characters`,
  maxLength: ({ params }) => `must have at most ${params["limit"]} characters`,
  minItems: ({ params }) => `must have at least ${params["limit"]} items`,
  maxItems: ({ params }) => `must have at most ${params["limit"]} items`,
  minProperties: ({ params }) => `must have at least ${params["limit"]} properties`,
  maxProperties: ({ params }) => `must have at most ${params["limit"]} properties`,
  items: ({ params }) => `must have at most ${params["limit"]} items`,
  unevaluatedItems: ({ params }) => `must have at most ${params["limit"] ?? params["len"]} items`,
  uniqueItems: () => "must not contain duplicate items",
  pattern: ({ params }) => `must match the pattern ${truncateText(String(params["pattern"]))}`,
  format: ({ params }) => `must be a valid ${params["format"]}`,
};

function getTypeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function quote(value: unknown): string {
  return truncateText(JSON.stringify(value) ?? "");
}

function joinValues(values: readonly unknown[]): string {
  const shown = values.slice(0, 10).map(quote).join(", ");
  return values.length > 10 ? `${shown}, …` : shown;
}
