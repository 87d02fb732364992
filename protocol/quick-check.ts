import * as z from "zod";
import { isJsonObject } from "./json.ts";

/**
 * Returns true if zod would accept the value and not change it. Returns false if it would not, or if this
 * cannot be determined quickly.
 */
export type QuickCheck = (json: unknown) => boolean;

const cache = new WeakMap<z.core.$ZodType, QuickCheck>();

const never: QuickCheck = () => false;

/**
 * Returns a check of JSON against a schema that does not copy the value. It exists because zod creates fifty
 * objects for the members of one task, and nearly all JSON is valid. If the check returns false, parse the
 * value with the schema, which also reports the errors.
 */
export const createQuickCheck = (schema: z.core.$ZodType): QuickCheck => {
  const cached = cache.get(schema);
  if (cached !== undefined) return cached;
  // Recursive schemas are not supported, so zod checks their values.
  cache.set(schema, never);
  const check = isCoerced(schema) ? never : addChecks(createTypeCheck(schema), schema._zod.def.checks ?? []);
  cache.set(schema, check);
  return check;
};

/** Returns true for `z.coerce`. All other schemas that change a value are excluded by their types below. */
const isCoerced = ({ _zod: { def } }: z.core.$ZodType): boolean => "coerce" in def && def.coerce === true;

const createTypeCheck = (schema: z.core.$ZodType): QuickCheck => {
  if (schema instanceof z.ZodNullable) return isValueOr(null, createQuickCheck(schema.def.innerType));
  if (schema instanceof z.ZodOptional) return isValueOr(undefined, createQuickCheck(schema.def.innerType));
  if (schema instanceof z.ZodString) return (json) => typeof json === "string";
  if (schema instanceof z.ZodISODateTime) return matchesPattern(schema.def.pattern);
  if (schema instanceof z.ZodBoolean) return (json) => typeof json === "boolean";
  if (schema instanceof z.ZodNumberFormat)
    return schema._zod.def.format === "safeint" ? Number.isSafeInteger : never;
  if (schema instanceof z.ZodNumber) return Number.isFinite;
  if (schema instanceof z.ZodEnum) return isOneOf(schema.options);
  if (schema instanceof z.ZodCustom) return passesRule(schema.def.fn);
  if (schema instanceof z.ZodArray) return hasItems(createQuickCheck(schema.def.element));
  if (schema instanceof z.ZodObject && schema.def.catchall === undefined) return hasMembers(schema.def.shape);
  // An invalid value is not accepted here, so zod replaces it.
  if (schema instanceof z.ZodCatch) return createQuickCheck(schema.def.innerType);
  // zod returns the result of the first option that accepts the value. Only the first option is checked here.
  const [first] = schema instanceof z.ZodUnion ? schema.def.options : [];
  return first === undefined ? never : createQuickCheck(first);
};

const addChecks = (start: QuickCheck, checks: readonly z.core.$ZodCheck<never>[]): QuickCheck =>
  checks.reduce<QuickCheck>((previous, check) => {
    const next = toQuickCheck(check);
    return (json) => previous(json) && next(json);
  }, start);

const toQuickCheck = (check: z.core.$ZodCheck<never>): QuickCheck => {
  if (check instanceof z.core.$ZodCheckGreaterThan) return isWithinBound(check._zod.def, 1);
  if (check instanceof z.core.$ZodCheckLessThan) return isWithinBound(check._zod.def, -1);
  if (check instanceof z.core.$ZodCheckMaxLength) return hasMaxLength(check._zod.def.maximum);
  if (check instanceof z.core.$ZodCheckMinLength) return hasMinLength(check._zod.def.minimum);
  if (check instanceof z.core.$ZodCheckRegex) return matchesPattern(check._zod.def.pattern);
  if (check instanceof z.core.$ZodCustom) return passesRule(check._zod.def.fn);
  return never;
};

/** Returns false if a rule returns a promise, because zod has to await it. */
const passesRule =
  (rule: (json: unknown) => unknown): QuickCheck =>
  (json) =>
    rule(json) === true;

/**
 * zod counts code points. A text has at most as many code points as UTF-16 units, and at least half as many.
 */
const hasMaxLength =
  (max: number): QuickCheck =>
  (json) =>
    (typeof json === "string" || Array.isArray(json)) && json.length <= max;

const hasMinLength =
  (min: number): QuickCheck =>
  (json) =>
    typeof json === "string" ? json.length >= 2 * min - 1 : Array.isArray(json) && json.length >= min;

const isWithinBound =
  ({ value, inclusive }: { value: unknown; inclusive: boolean }, direction: 1 | -1): QuickCheck =>
  (json) =>
    typeof json === "number" &&
    typeof value === "number" &&
    (inclusive ? (json - value) * direction >= 0 : (json - value) * direction > 0);

const isValueOr =
  (value: null | undefined, check: QuickCheck): QuickCheck =>
  (json) =>
    json === value || check(json);

const matchesPattern = (pattern: RegExp | undefined): QuickCheck => {
  // A global or sticky pattern continues after its last match, so its result changes between calls.
  if (pattern === undefined || pattern.global || pattern.sticky) return never;
  return (json) => typeof json === "string" && pattern.test(json);
};

const isOneOf = (options: readonly unknown[]): QuickCheck => {
  const values = new Set(options);
  return (json) => values.has(json);
};

const hasItems =
  (check: QuickCheck): QuickCheck =>
  (json) =>
    Array.isArray(json) && json.every((item) => check(item));

/**
 * Returns a check for all required members and against unknown ones, because zod would remove these. Iterates
 * over the members of the value, because most members of a shape are optional and missing.
 */
const hasMembers = (shape: Readonly<Record<string, z.core.$ZodType>>): QuickCheck => {
  const byName = new Map(Object.entries(shape).map(([name, schema]) => [name, createQuickCheck(schema)]));
  const required = new Set([...byName].filter(([, check]) => !check(undefined)).map(([name]) => name));
  return (json) => {
    if (!isJsonObject(json)) return false;
    let missing = required.size;
    for (const name in json) {
      if (byName.get(name)?.(json[name]) !== true) return false;
      if (required.has(name)) missing -= 1;
    }
    return missing === 0;
  };
};
