import { isJsonObject, type JsonObject, type JsonValue, toCanonicalJson } from "../json.ts";
import { modernizeSchema } from "./drafts.ts";
import { isMultipleOf, isRoundedInteger } from "./exact-json.ts";
import { hasFormat } from "./formats.ts";
import { resolveReferences } from "./references.ts";
import { toSafePattern } from "./safe-pattern.ts";
import type { StepBudget } from "./step-budget.ts";

/** The schema document that contains the targets of references, and the remaining step budget. */
export interface SchemaScope {
  readonly root: JsonObject;
  readonly budget: StepBudget;
}

type Check = (value: JsonValue, schema: JsonObject, scope: SchemaScope) => boolean;

const CHECKS: readonly Check[] = [
  checkType,
  checkChoice,
  checkNumber,
  checkText,
  checkArray,
  checkObject,
  checkReference,
  checkCombination,
];

/**
 * Cache of schemas that were converted to draft 2020-12. Without the cache, the schema of a list's
 * items would be converted once for each item.
 */
const modernSchemas = new WeakMap<JsonObject, JsonObject>();

const MAX_MATCHED_LENGTH = 10_000;

/**
 * Returns false only if a value certainly violates a schema. Used for defaults in the browser and
 * in the CLI, which must not compile an untrusted schema. Slow patterns, unknown formats and
 * `unevaluated…` count as satisfied, because the server checks them.
 */
export function satisfies(value: JsonValue, schema: JsonValue | undefined, scope: SchemaScope): boolean {
  scope.budget.charge();
  if (schema === false) return false;
  if (!isJsonObject(schema)) return true;
  const modern = modernSchemas.get(schema) ?? modernizeSchema(schema, "unnamed");
  modernSchemas.set(schema, modern);
  return CHECKS.every((check) => check(value, modern, scope));
}

function checkType(value: JsonValue, { type }: JsonObject): boolean {
  return type === undefined || [type].flat().some((name) => isOfType(value, name));
}

function isOfType(value: JsonValue, type: JsonValue): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isJsonObject(value);
  // An integer beyond ±2^53 may have been rounded when the schema was parsed. It is therefore
  // treated as invalid.
  if (type === "integer") return Number.isSafeInteger(value);
  return typeof value === type;
}

function checkChoice(
  value: JsonValue,
  { const: only, enum: choices }: JsonObject,
  scope: SchemaScope,
): boolean {
  if (!Array.isArray(choices) && only === undefined) return true;
  if (isRoundedInteger(value)) return false;
  if (only !== undefined && !isEqual(value, only, scope)) return false;
  return !Array.isArray(choices) || choices.some((choice) => isEqual(choice, value, scope));
}

function isEqual(one: JsonValue, other: JsonValue, { budget }: SchemaScope): boolean {
  if (typeof one !== "object" || one === null) return one === other;
  const text = toCanonicalJson(one);
  budget.charge(1 + (text.length >> 4));
  return text === toCanonicalJson(other);
}

function checkNumber(value: JsonValue, schema: JsonObject): boolean {
  if (typeof value !== "number") return true;
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  return (
    isWithin(value, minimum, maximum) &&
    (typeof exclusiveMinimum !== "number" || value > exclusiveMinimum) &&
    (typeof exclusiveMaximum !== "number" || value < exclusiveMaximum) &&
    (typeof multipleOf !== "number" || isMultipleOf(value, multipleOf))
  );
}

function isWithin(value: number, minimum: JsonValue | undefined, maximum: JsonValue | undefined): boolean {
  return (
    (typeof minimum !== "number" || value >= minimum) && (typeof maximum !== "number" || value <= maximum)
  );
}

function checkText(value: JsonValue, schema: JsonObject, { budget }: SchemaScope): boolean {
  if (typeof value !== "string") return true;
  const { minLength, maxLength, pattern, format } = schema;
  budget.charge(value.length >> 6);
  if ((minLength ?? maxLength) !== undefined && !isWithin([...value].length, minLength, maxLength))
    return false;
  if (typeof format === "string" && value.length <= MAX_MATCHED_LENGTH && !hasFormat(value, format))
    return false;
  return pattern === undefined || testPattern(pattern, value) !== false;
}

/**
 * Returns whether the text matches, or undefined if the pattern is not safe to run in a browser or
 * the CLI.
 */
function testPattern(pattern: JsonValue | undefined, text: string): boolean | undefined {
  const safe = text.length <= MAX_MATCHED_LENGTH ? toSafePattern(pattern) : undefined;
  return safe === undefined ? undefined : new RegExp(safe, "u").test(text);
}

function checkArray(value: JsonValue, schema: JsonObject, scope: SchemaScope): boolean {
  if (!Array.isArray(value)) return true;
  const { contains, minContains = 1, maxContains } = schema;
  if (!isWithin(value.length, schema["minItems"], schema["maxItems"])) return false;
  if (!value.every((item, index) => satisfies(item, getItemSchema(schema, index), scope))) return false;
  if (schema["uniqueItems"] === true && !areUnique(value, scope)) return false;
  if (contains === undefined) return true;
  return isWithin(value.filter((item) => satisfies(item, contains, scope)).length, minContains, maxContains);
}

/** Returns the schema of the array item at an index. */
export function getItemSchema({ items, prefixItems, additionalItems }: JsonObject, index: number): JsonValue {
  const fixed = Array.isArray(prefixItems) ? prefixItems : toList(items);
  const rest = Array.isArray(items) ? additionalItems : items;
  return (index < fixed.length ? fixed[index] : rest) ?? true;
}

function areUnique(items: readonly JsonValue[], { budget }: SchemaScope): boolean {
  const texts = items.map(toCanonicalJson);
  budget.charge(texts.reduce((sum, { length }) => sum + (length >> 4), 0));
  return new Set(texts).size === items.length;
}

function checkObject(value: JsonValue, schema: JsonObject, scope: SchemaScope): boolean {
  if (!isJsonObject(value)) return true;
  const { required, propertyNames, dependentRequired, dependentSchemas } = schema;
  const hasAll = (names: JsonValue | undefined) =>
    toList(names).every((name) => typeof name !== "string" || Object.hasOwn(value, name));
  return (
    isWithin(Object.keys(value).length, schema["minProperties"], schema["maxProperties"]) &&
    hasAll(required) &&
    Object.entries(value).every(
      ([name, member]) =>
        (propertyNames === undefined || satisfies(name, propertyNames, scope)) &&
        (findMemberSchemas(schema, name)?.every((part) => satisfies(member, part, scope)) ?? true) &&
        hasAll(getOwn(dependentRequired, name)) &&
        (dependentSchemas === undefined || satisfies(value, getOwn(dependentSchemas, name), scope)),
    )
  );
}

/**
 * Returns the schemas that a member must satisfy, or undefined if a pattern for member names is not
 * safe to run in a browser or the CLI.
 */
function findMemberSchemas(schema: JsonObject, name: string): readonly JsonValue[] | undefined {
  const { properties, patternProperties, additionalProperties } = schema;
  const own = getOwn(properties, name);
  const matched = own === undefined ? [] : [own];
  for (const [pattern, part] of Object.entries(isJsonObject(patternProperties) ? patternProperties : {})) {
    const isMatch = testPattern(pattern, name);
    if (isMatch === undefined) return undefined;
    if (isMatch) matched.push(part);
  }
  return matched.length > 0 || additionalProperties === undefined ? matched : [additionalProperties];
}

function checkReference(value: JsonValue, schema: JsonObject, scope: SchemaScope): boolean {
  return typeof schema["$ref"] !== "string" || satisfies(value, resolveReferences(scope.root, schema), scope);
}

function checkCombination(value: JsonValue, schema: JsonObject, scope: SchemaScope): boolean {
  const isValid = (part: JsonValue | undefined) => satisfies(value, part, scope);
  const { allOf, anyOf, oneOf, not, if: condition } = schema;
  if (!toList(allOf).every(isValid)) return false;
  if (Array.isArray(anyOf) && !anyOf.some(isValid)) return false;
  if (Array.isArray(oneOf) && oneOf.filter(isValid).length !== 1) return false;
  if (isJsonObject(not) && isValid(not)) return false;
  return !isJsonObject(condition) || isValid(schema[isValid(condition) ? "then" : "else"]);
}

function toList(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function getOwn(object: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}
