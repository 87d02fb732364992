import * as z from "zod";
import { isJsonObject } from "./json.ts";

/** True where JSON is what a schema would give back for it; false where it is not, or that cannot be told quickly. */
export type QuickCheck = (json: unknown) => boolean;

const known = new WeakMap<z.core.$ZodType, QuickCheck>();

const never: QuickCheck = () => false;

/**
 * What tells that JSON fits a schema, without a copy of it: for the members of one task zod makes fifty objects, and what
 * is sent nearly always fits. Where this says no, the schema itself has the last word, and says what is wrong.
 */
export const createQuickCheck = (schema: z.core.$ZodType): QuickCheck => {
  const there = known.get(schema);
  if (there !== undefined) return there;
  // A schema that stands in itself is left to zod.
  known.set(schema, never);
  const fits = isPlain(schema) ? checked(ofType(schema), schema._zod.def.checks ?? []) : never;
  known.set(schema, fits);
  return fits;
};

/** What changes a value on its way is not among the types that are known here, but for this. */
const isPlain = ({ _zod: { def } }: z.core.$ZodType): boolean => !("coerce" in def && def.coerce === true);

const ofType = (schema: z.core.$ZodType): QuickCheck => {
  if (schema instanceof z.ZodNullable) return orElse(null, createQuickCheck(schema.def.innerType));
  if (schema instanceof z.ZodOptional) return orElse(undefined, createQuickCheck(schema.def.innerType));
  if (schema instanceof z.ZodString) return (json) => typeof json === "string";
  if (schema instanceof z.ZodISODateTime) return matching(schema.def.pattern);
  if (schema instanceof z.ZodBoolean) return (json) => typeof json === "boolean";
  if (schema instanceof z.ZodNumberFormat)
    return schema._zod.def.format === "safeint" ? Number.isSafeInteger : never;
  if (schema instanceof z.ZodNumber) return Number.isFinite;
  if (schema instanceof z.ZodEnum) return oneOf(schema.options);
  if (schema instanceof z.ZodCustom) return kept(schema.def.fn);
  if (schema instanceof z.ZodArray) return everyItem(createQuickCheck(schema.def.element));
  if (schema instanceof z.ZodObject && schema.def.catchall === undefined) return members(schema.def.shape);
  // What it catches instead is zod's to say.
  if (schema instanceof z.ZodCatch) return createQuickCheck(schema.def.innerType);
  // Of several, zod gives what the first makes of it that takes it.
  const [first] = schema instanceof z.ZodUnion ? schema.def.options : [];
  return first === undefined ? never : createQuickCheck(first);
};

const checked = (fits: QuickCheck, checks: readonly z.core.$ZodCheck<never>[]): QuickCheck =>
  checks.reduce<QuickCheck>((before, check) => {
    const more = ofCheck(check);
    return (json) => before(json) && more(json);
  }, fits);

const ofCheck = (check: z.core.$ZodCheck<never>): QuickCheck => {
  if (check instanceof z.core.$ZodCheckGreaterThan) return bounded(check._zod.def, 1);
  if (check instanceof z.core.$ZodCheckLessThan) return bounded(check._zod.def, -1);
  if (check instanceof z.core.$ZodCheckMaxLength) return noLonger(check._zod.def.maximum);
  if (check instanceof z.core.$ZodCheckMinLength) return noShorter(check._zod.def.minimum);
  if (check instanceof z.core.$ZodCheckRegex) return matching(check._zod.def.pattern);
  if (check instanceof z.core.$ZodCustom) return kept(check._zod.def.fn);
  return never;
};

/** Where the answer is a promise, zod has to wait for it. */
const kept =
  (rule: (json: unknown) => unknown): QuickCheck =>
  (json) =>
    rule(json) === true;

/** Zod counts code points; a text has no more of them than units, and no fewer than half as many. */
const noLonger =
  (most: number): QuickCheck =>
  (json) =>
    (typeof json === "string" || Array.isArray(json)) && json.length <= most;

const noShorter =
  (fewest: number): QuickCheck =>
  (json) =>
    typeof json === "string" ? json.length >= 2 * fewest - 1 : Array.isArray(json) && json.length >= fewest;

const bounded =
  ({ value, inclusive }: { value: unknown; inclusive: boolean }, direction: 1 | -1): QuickCheck =>
  (json) =>
    typeof json === "number" &&
    typeof value === "number" &&
    (inclusive ? (json - value) * direction >= 0 : (json - value) * direction > 0);

const orElse =
  (other: null | undefined, fits: QuickCheck): QuickCheck =>
  (json) =>
    json === other || fits(json);

const matching = (pattern: RegExp | undefined): QuickCheck => {
  // One that goes on from where it stopped is not the same twice.
  if (pattern === undefined || pattern.global || pattern.sticky) return never;
  return (json) => typeof json === "string" && pattern.test(json);
};

const oneOf = (options: readonly unknown[]): QuickCheck => {
  const all = new Set(options);
  return (json) => all.has(json);
};

const everyItem =
  (fits: QuickCheck): QuickCheck =>
  (json) =>
    Array.isArray(json) && json.every((item) => fits(item));

/** No member too few, and none too many: zod would leave those out. By those that are there, for most may be missing. */
const members = (shape: Readonly<Record<string, z.core.$ZodType>>): QuickCheck => {
  const byName = new Map(Object.entries(shape).map(([name, schema]) => [name, createQuickCheck(schema)]));
  const needed = new Set([...byName].filter(([, fits]) => !fits(undefined)).map(([name]) => name));
  return (json) => {
    if (!isJsonObject(json)) return false;
    let missing = needed.size;
    for (const name in json) {
      if (byName.get(name)?.(json[name]) !== true) return false;
      if (needed.has(name)) missing -= 1;
    }
    return missing === 0;
  };
};
