import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { toCanonicalJson } from "./canonical-json.ts";
import { isRoundedInteger } from "./exact-number.ts";
import { hasFormat } from "./formats.ts";
import { isMultipleOf } from "./multiple-of.ts";
import { resolveReferences } from "./references.ts";
import { toSafePattern } from "./safe-pattern.ts";
import type { StepBudget } from "./step-budget.ts";

/** The document into which references point, and the remaining step budget. */
export interface SchemaScope {
  readonly root: JsonObject;
  readonly budget: StepBudget;
}

type Check = (value: JsonValue, schema: JsonObject, scope: SchemaScope) => boolean;

/**
 * Returns false only if a value certainly violates a schema. Used for defaults in the browser and in the CLI,
 * which must not compile an untrusted schema. Slow patterns, unknown formats and `unevaluated…` count as
 * satisfied, because the server checks them.
 */
export function satisfies(value: JsonValue, schema: JsonValue | undefined, scope: SchemaScope): boolean {
  scope.budget.charge();
  if (schema === false) return false;
  if (!isJsonObject(schema)) return true;
  return findChecks(schema).every((check) => check(value, schema, scope));
}

const knownChecks = new WeakMap<JsonObject, readonly Check[]>();

/** Returns the checks that a schema needs. They are cached, because the items of a list share one schema. */
function findChecks(schema: JsonObject): readonly Check[] {
  const known = knownChecks.get(schema);
  if (known !== undefined) return known;
  const checks = CHECKS.filter(([keywords]) => keywords.some((keyword) => keyword in schema)).map(
    ([, check]) => check,
  );
  knownChecks.set(schema, checks);
  return checks;
}

function isOfType(value: JsonValue, type: JsonValue): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isJsonObject(value);
    case "integer":
      // A larger integer may have been rounded when the schema was parsed.
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
}

function isEqual(one: JsonValue, other: JsonValue, { budget }: SchemaScope): boolean {
  if (typeof one !== "object" || one === null) return one === other;
  const text = toCanonicalJson(one);
  budget.charge(1 + (text.length >> 4));
  return text === toCanonicalJson(other);
}

const checkType: Check = (value, { type }) =>
  type === undefined || [type].flat().some((one) => isOfType(value, one));

const checkChoice: Check = (value, schema, scope) => {
  const { enum: choices } = schema;
  if (!Array.isArray(choices) && schema["const"] === undefined) return true;
  if (isRoundedInteger(value)) return false;
  if (schema["const"] !== undefined && !isEqual(value, schema["const"], scope)) return false;
  return !Array.isArray(choices) || choices.some((choice) => isEqual(choice, value, scope));
};

const checkReference: Check = (value, schema, scope) => {
  if (typeof schema["$ref"] !== "string") return true;
  const target = resolveReferences(scope.root, schema);
  return target === undefined || satisfies(value, target, scope);
};

function toList(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

const checkCombination: Check = (value, schema, scope) => {
  const isValid = (part: JsonValue) => satisfies(value, part, scope);
  const { allOf, anyOf, oneOf, not } = schema;
  if (!toList(allOf).every(isValid)) return false;
  if (Array.isArray(anyOf) && !anyOf.some(isValid)) return false;
  if (Array.isArray(oneOf) && oneOf.filter(isValid).length !== 1) return false;
  return not === undefined || !isJsonObject(not) || !isValid(not);
};

const checkCondition: Check = (value, schema, scope) => {
  if (!isJsonObject(schema["if"])) return true;
  return satisfies(value, schema[satisfies(value, schema["if"], scope) ? "then" : "else"], scope);
};

function isAtLeast(value: number, limit: JsonValue | undefined): boolean {
  return typeof limit !== "number" || value >= limit;
}
function isAtMost(value: number, limit: JsonValue | undefined): boolean {
  return typeof limit !== "number" || value <= limit;
}

const checkNumber: Check = (value, schema) => {
  if (typeof value !== "number") return true;
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  // In draft 4, the keywords for exclusive bounds are booleans.
  if (exclusiveMinimum === true && value === minimum) return false;
  if (exclusiveMaximum === true && value === maximum) return false;
  return (
    isAtLeast(value, minimum) &&
    isAtMost(value, maximum) &&
    (typeof exclusiveMinimum !== "number" || value > exclusiveMinimum) &&
    (typeof exclusiveMaximum !== "number" || value < exclusiveMaximum) &&
    (typeof multipleOf !== "number" || isMultipleOf(value, multipleOf))
  );
};

const MAX_MATCHED_LENGTH = 10_000;

/** Returns whether the text matches. Returns undefined if the pattern is not safe to run here. */
function testPattern(pattern: JsonValue | undefined, text: string): boolean | undefined {
  const safe = text.length <= MAX_MATCHED_LENGTH ? toSafePattern(pattern) : undefined;
  return safe === undefined ? undefined : new RegExp(safe, "u").test(text);
}

const checkText: Check = (value, schema, { budget }) => {
  if (typeof value !== "string") return true;
  const { minLength, maxLength, pattern, format } = schema;
  budget.charge(value.length >> 6);
  if (minLength !== undefined || maxLength !== undefined) {
    const length = [...value].length;
    if (!isAtLeast(length, minLength) || !isAtMost(length, maxLength)) return false;
  }
  if (typeof format === "string" && value.length <= MAX_MATCHED_LENGTH && !hasFormat(value, format))
    return false;
  return pattern === undefined || testPattern(pattern, value) !== false;
};

function areUnique(items: readonly JsonValue[], { budget }: SchemaScope): boolean {
  const texts = items.map(toCanonicalJson);
  budget.charge(texts.reduce((sum, { length }) => sum + (length >> 4), 0));
  return new Set(texts).size === items.length;
}

const checkArray: Check = (value, schema, scope) => {
  if (!Array.isArray(value)) return true;
  const { items, prefixItems, additionalItems, contains } = schema;
  if (!isAtLeast(value.length, schema["minItems"]) || !isAtMost(value.length, schema["maxItems"]))
    return false;
  const fixed = Array.isArray(prefixItems) ? prefixItems : toList(items);
  const rest = Array.isArray(items) ? additionalItems : items;
  if (!value.every((item, index) => satisfies(item, index < fixed.length ? fixed[index] : rest, scope)))
    return false;
  if (schema["uniqueItems"] === true && !areUnique(value, scope)) return false;
  if (contains === undefined) return true;
  const found = value.filter((item) => satisfies(item, contains, scope)).length;
  return isAtLeast(found, schema["minContains"] ?? 1) && isAtMost(found, schema["maxContains"]);
};

function toObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/**
 * Returns the schemas that a member must satisfy. Returns undefined if a pattern for its name is not safe to
 * run here.
 */
function findMemberSchemas(schema: JsonObject, name: string): readonly JsonValue[] | undefined {
  const properties = toObject(schema["properties"]);
  const own = Object.hasOwn(properties, name) ? [properties[name] ?? true] : [];
  const patterns = Object.entries(toObject(schema["patternProperties"])).map(
    ([pattern, part]) => [testPattern(pattern, name), part] as const,
  );
  if (patterns.some(([isMatch]) => isMatch === undefined)) return undefined;
  const matched = [...own, ...patterns.filter(([isMatch]) => isMatch).map(([, part]) => part)];
  const { additionalProperties } = schema;
  return matched.length > 0 || additionalProperties === undefined ? matched : [additionalProperties];
}

const checkObject: Check = (value, schema, scope) => {
  if (!isJsonObject(value)) return true;
  const names = Object.keys(value);
  if (!isAtLeast(names.length, schema["minProperties"]) || !isAtMost(names.length, schema["maxProperties"]))
    return false;
  const has = (name: JsonValue) => typeof name !== "string" || Object.hasOwn(value, name);
  if (!toList(schema["required"]).every(has)) return false;
  const { propertyNames } = schema;
  return Object.entries(value).every(
    ([name, member]) =>
      (propertyNames === undefined || satisfies(name, propertyNames, scope)) &&
      (findMemberSchemas(schema, name)?.every((part) => satisfies(member, part, scope)) ?? true),
  );
};

const checkDependencies: Check = (value, schema, scope) => {
  if (!isJsonObject(value)) return true;
  const { dependencies, dependentRequired, dependentSchemas } = schema;
  return [dependencies, dependentRequired, dependentSchemas]
    .flatMap((one) => Object.entries(toObject(one)))
    .filter(([name]) => Object.hasOwn(value, name))
    .every(([, needed]) =>
      Array.isArray(needed)
        ? needed.every((name) => typeof name !== "string" || Object.hasOwn(value, name))
        : satisfies(value, needed, scope),
    );
};

const CHECKS: readonly (readonly [keywords: readonly string[], check: Check])[] = [
  [["type"], checkType],
  [["enum", "const"], checkChoice],
  [["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"], checkNumber],
  [["minLength", "maxLength", "pattern", "format"], checkText],
  [
    ["items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"],
    checkArray,
  ],
  [
    [
      "properties",
      "patternProperties",
      "additionalProperties",
      "propertyNames",
      "required",
      "minProperties",
      "maxProperties",
    ],
    checkObject,
  ],
  [["$ref"], checkReference],
  [["allOf", "anyOf", "oneOf", "not"], checkCombination],
  [["if"], checkCondition],
  [["dependencies", "dependentRequired", "dependentSchemas"], checkDependencies],
];
