import { extendPointer, isJsonObject, type SchemaError, truncateText } from "./schema-error.ts";
import { GRAPH_LIMITS, getPointer, type SchemaGraph } from "./schema-graph.ts";
import { type Applicator, getApplicator, isAssertion } from "./schema-keywords.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * Returns the error of a keyword's value and the path to the invalid part; undefined if the value is valid.
 */
type CheckShape = (value: unknown) => { detail: string; path?: (string | number)[] } | undefined;

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];

const CHECKS: Readonly<Record<string, CheckShape>> = {
  type: checkType,
  enum: checkArray,
  const: () => undefined,
  multipleOf: (value) =>
    checkNumber(value) ?? (Number(value) > 0 ? undefined : { detail: "must be greater than 0" }),
  maximum: checkNumber,
  minimum: checkNumber,
  exclusiveMaximum: (value) => (typeof value === "boolean" ? undefined : checkNumber(value)),
  exclusiveMinimum: (value) => (typeof value === "boolean" ? undefined : checkNumber(value)),
  maxLength: checkCount,
  minLength: checkCount,
  maxItems: checkCount,
  minItems: checkCount,
  maxProperties: checkCount,
  minProperties: checkCount,
  maxContains: checkCount,
  minContains: checkCount,
  pattern: checkString,
  format: checkString,
  uniqueItems: (value) => (typeof value === "boolean" ? undefined : mustBe("boolean", value)),
  required: checkNames,
  dependentRequired: (value) => checkMap(value, checkNames),
};

// The dashboard's form and the CLI print these annotations, so their types are checked.
const ANNOTATIONS = ["title", "description", "$comment"];

/**
 * Returns the errors of a schema under the rules of its draft. Replaces validation against a meta-schema,
 * because it must also check subschemas that are only reachable by reference, allow keywords as other drafts
 * write them, and accept any value for annotations that joblib does not read, such as OpenAPI's `example`.
 */
export function checkKeywordShapes(graph: SchemaGraph): SchemaError[] {
  const errors: SchemaError[] = [];
  for (const node of graph.nodes.values()) {
    for (const [keyword, value] of Object.entries(node.schema)) {
      const error = checkKeyword(node, keyword, value);
      if (error === undefined) continue;
      errors.push({
        pointer: extendPointer(getPointer(node), keyword, ...(error.path ?? [])),
        detail: error.detail,
      });
      if (errors.length >= GRAPH_LIMITS.errors) return errors;
    }
  }
  return errors;
}

function checkKeyword(node: SchemaNode, keyword: string, value: unknown): ReturnType<CheckShape> {
  const applicator = getApplicator(keyword, node.draft);
  if (keyword === "items" && Array.isArray(value) && node.schema["prefixItems"] !== undefined) {
    return { detail: "must be a schema, not an array, if prefixItems is present" };
  }
  if (applicator !== undefined) return checkSubschemas(value, applicator);
  if (isAssertion(keyword, node.draft)) return CHECKS[keyword]?.(value);
  if (ANNOTATIONS.includes(keyword)) return value === null ? undefined : checkString(value);
  return undefined;
}

function checkSubschemas(value: unknown, { form }: Applicator): ReturnType<CheckShape> {
  if (form === "map") return checkMap(value, checkSchemaShape);
  if (form === "map or names") {
    return checkMap(value, (entry) => (Array.isArray(entry) ? checkNames(entry) : checkSchemaShape(entry)));
  }
  if (form === "one" || !Array.isArray(value)) {
    return form === "list" ? mustBe("an array of schemas", value) : checkSchemaShape(value);
  }
  if (form === "list" && value.length === 0) return { detail: "must not be empty; remove it" };
  return checkEach(value.entries(), checkSchemaShape);
}

function checkSchemaShape(value: unknown): ReturnType<CheckShape> {
  const isSchema = isJsonObject(value) || typeof value === "boolean";
  return isSchema ? undefined : mustBe("a schema (an object or a boolean)", value);
}

function checkType(value: unknown): ReturnType<CheckShape> {
  const names: unknown[] = Array.isArray(value) ? value : [value];
  const invalid = names.find((name) => typeof name !== "string" || !TYPES.includes(name));
  if (invalid !== undefined) {
    return { detail: `must be one of ${TYPES.join(", ")}, not ${truncateText(JSON.stringify(invalid))}` };
  }
  if (names.length === 0) return { detail: "must not be empty; remove it" };
  return new Set(names).size === names.length
    ? undefined
    : { detail: "must not contain the same type twice" };
}

function checkArray(value: unknown): ReturnType<CheckShape> {
  return Array.isArray(value) ? undefined : mustBe("array", value);
}

function checkString(value: unknown): ReturnType<CheckShape> {
  return typeof value === "string" ? undefined : mustBe("string", value);
}

function checkNumber(value: unknown): ReturnType<CheckShape> {
  return typeof value === "number" ? undefined : mustBe("number", value);
}

function checkCount(value: unknown): ReturnType<CheckShape> {
  const isCount = typeof value === "number" && Number.isInteger(value) && value >= 0;
  return isCount ? undefined : mustBe("a non-negative integer", value);
}

function checkNames(value: unknown): ReturnType<CheckShape> {
  if (!Array.isArray(value)) return mustBe("array", value);
  return (
    checkEach(value.entries(), checkString) ??
    (new Set(value).size === value.length ? undefined : { detail: "must not contain the same name twice" })
  );
}

function checkMap(value: unknown, check: (entry: unknown) => ReturnType<CheckShape>): ReturnType<CheckShape> {
  return isJsonObject(value) ? checkEach(Object.entries(value), check) : mustBe("object", value);
}

function checkEach(
  entries: Iterable<[string | number, unknown]>,
  check: (entry: unknown) => ReturnType<CheckShape>,
): ReturnType<CheckShape> {
  for (const [token, entry] of entries) {
    const error = check(entry);
    if (error !== undefined) return { detail: error.detail, path: [token, ...(error.path ?? [])] };
  }
  return undefined;
}

function mustBe(expected: string, value: unknown): { detail: string } {
  const found = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return { detail: `must be ${expected}, not ${found === "number" ? String(value) : found}` };
}
