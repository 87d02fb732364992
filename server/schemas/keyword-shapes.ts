import { extendPointer, isJsonObject, type SchemaError, truncateText } from "./schema-error.ts";
import { GRAPH_LIMITS, getPointer, type SchemaGraph, type SchemaNode } from "./schema-graph.ts";
import { type Applicator, getApplicator, isAssertion } from "./schema-keywords.ts";

/** Says what a keyword's value must be, and where within it; undefined if it is that. */
type Shape = (value: unknown) => { detail: string; path?: (string | number)[] } | undefined;

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];

const shapes: Readonly<Record<string, Shape>> = {
  type: checkType,
  enum: checkArray,
  const: () => undefined,
  multipleOf: (value) =>
    checkNumber(value) ?? (Number(value) > 0 ? undefined : { detail: "must be more than 0" }),
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

// The form and the command line print these.
const annotations = ["title", "description", "$comment"];

/**
 * Returns where a schema breaks the rules of its own draft. This takes the place of the meta-schemas: it reads every
 * subschema that something refers to, allows the spellings of other drafts, and accepts annotations of any shape that
 * nothing here reads, such as OpenAPI's `example`.
 */
export function checkKeywordShapes(graph: SchemaGraph): SchemaError[] {
  const faults: SchemaError[] = [];
  for (const node of graph.nodes.values()) {
    for (const [keyword, value] of Object.entries(node.schema)) {
      const fault = checkKeyword(node, keyword, value);
      if (fault === undefined) continue;
      faults.push({
        pointer: extendPointer(getPointer(node), keyword, ...(fault.path ?? [])),
        detail: fault.detail,
      });
      if (faults.length >= GRAPH_LIMITS.faults) return faults;
    }
  }
  return faults;
}

function checkKeyword(node: SchemaNode, keyword: string, value: unknown): ReturnType<Shape> {
  const applicator = getApplicator(keyword, node.draft);
  if (keyword === "items" && Array.isArray(value) && node.schema["prefixItems"] !== undefined) {
    return { detail: "must be a schema next to prefixItems, not array" };
  }
  if (applicator !== undefined) return checkSubschemas(value, applicator);
  if (isAssertion(keyword, node.draft)) return shapes[keyword]?.(value);
  if (annotations.includes(keyword)) return value === null ? undefined : checkString(value);
  return undefined;
}

function checkSubschemas(value: unknown, { form }: Applicator): ReturnType<Shape> {
  if (form === "map") return checkMap(value, checkSchemaShape);
  if (form === "map or names") {
    return checkMap(value, (entry) => (Array.isArray(entry) ? checkNames(entry) : checkSchemaShape(entry)));
  }
  if (form === "one" || !Array.isArray(value)) {
    return form === "list" ? mustBe("an array of schemas", value) : checkSchemaShape(value);
  }
  if (form === "list" && value.length === 0) return { detail: "must not be empty; leave it out" };
  return checkEach(value.entries(), checkSchemaShape);
}

function checkSchemaShape(value: unknown): ReturnType<Shape> {
  const isSchema = isJsonObject(value) || typeof value === "boolean";
  return isSchema ? undefined : mustBe("a schema (an object or a boolean)", value);
}

function checkType(value: unknown): ReturnType<Shape> {
  const names: unknown[] = Array.isArray(value) ? value : [value];
  const wrong = names.find((name) => typeof name !== "string" || !TYPES.includes(name));
  if (wrong !== undefined) {
    return { detail: `must be one of ${TYPES.join(", ")}, not ${truncateText(JSON.stringify(wrong))}` };
  }
  if (names.length === 0) return { detail: "must not be empty; leave it out" };
  return new Set(names).size === names.length ? undefined : { detail: "must not name a type twice" };
}

function checkArray(value: unknown): ReturnType<Shape> {
  return Array.isArray(value) ? undefined : mustBe("array", value);
}

function checkString(value: unknown): ReturnType<Shape> {
  return typeof value === "string" ? undefined : mustBe("string", value);
}

function checkNumber(value: unknown): ReturnType<Shape> {
  return typeof value === "number" ? undefined : mustBe("number", value);
}

function checkCount(value: unknown): ReturnType<Shape> {
  const isCount = typeof value === "number" && Number.isInteger(value) && value >= 0;
  return isCount ? undefined : mustBe("a whole number of at least 0", value);
}

function checkNames(value: unknown): ReturnType<Shape> {
  if (!Array.isArray(value)) return mustBe("array", value);
  return (
    checkEach(value.entries(), checkString) ??
    (new Set(value).size === value.length ? undefined : { detail: "must not have the same name twice" })
  );
}

function checkMap(value: unknown, check: (entry: unknown) => ReturnType<Shape>): ReturnType<Shape> {
  return isJsonObject(value) ? checkEach(Object.entries(value), check) : mustBe("object", value);
}

function checkEach(
  entries: Iterable<[string | number, unknown]>,
  check: (entry: unknown) => ReturnType<Shape>,
): ReturnType<Shape> {
  for (const [token, entry] of entries) {
    const fault = check(entry);
    if (fault !== undefined) return { detail: fault.detail, path: [token, ...(fault.path ?? [])] };
  }
  return undefined;
}

function mustBe(wanted: string, value: unknown): { detail: string } {
  const found = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return { detail: `must be ${wanted}, not ${found === "number" ? String(value) : found}` };
}
