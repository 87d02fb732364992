import type { JsonObject } from "../json.ts";

/** The supported drafts of JSON Schema, oldest first. */
const DRAFTS = ["draft-04", "draft-06", "draft-07", "2019-09", "2020-12", "unnamed"] as const;

/**
 * The draft of a schema. `unnamed` means that the schema has no `$schema`, or an unofficial one.
 * Such a schema is read as 2020-12, with additional support for the keywords of 2019-09 and OpenAPI
 * 3.0 that 2020-12 lacks.
 */
export type Draft = (typeof DRAFTS)[number];

type Keywords = Readonly<Record<string, unknown>>;

const OFFICIAL_URI =
  /^https?:\/\/(?:www\.)?json-schema\.org\/(?:draft-(0\d)|draft\/(20\d\d-\d\d))\/(?:hyper-)?schema#?$/;

/**
 * Returns the draft in `$schema`. Returns undefined if the draft is older than draft 4, or if
 * `$schema` is not a string.
 */
export function getDraft(schema: Keywords): Draft | undefined {
  const uri = schema["$schema"];
  if (uri === undefined) return "unnamed";
  if (typeof uri !== "string") return undefined;
  const [, number, date] = OFFICIAL_URI.exec(uri) ?? [];
  if (number === undefined) return DRAFTS.find((draft) => draft === date) ?? "unnamed";
  // Draft 5 has the same keywords as draft 4.
  return DRAFTS.find((draft) => draft === `draft-${number === "05" ? "04" : number}`);
}

/** Returns true if a draft is `first` or a later one. `unnamed` counts as later than all others. */
export function isSince(draft: Draft, first: Draft): boolean {
  return DRAFTS.indexOf(draft) >= DRAFTS.indexOf(first);
}

/**
 * Returns true if a schema has a `$ref` and its draft ignores all keywords next to `$ref`, as
 * drafts 4 to 7 do.
 */
export function ignoresSiblings(schema: Keywords, draft: Draft): boolean {
  return typeof schema["$ref"] === "string" && !isSince(draft, "2019-09");
}

/**
 * Returns true for `nullable: true` of OpenAPI 3.0, which allows null in addition to the other
 * values of a schema.
 */
export function isNullable(schema: Keywords, draft: Draft): boolean {
  return draft === "unnamed" && schema["nullable"] === true;
}

/**
 * Converts the keywords of one subschema to 2020-12: tuples to `prefixItems`, `dependencies` to
 * `dependentRequired` and `dependentSchemas`, and exclusive bounds to numbers. Nested subschemas
 * are not converted and remain the same objects. Keywords of older drafts are converted in every
 * draft, because some generators combine them with a newer `$schema`: zod-to-json-schema generates
 * `"exclusiveMinimum": true` for 2019-09.
 */
export function modernizeSchema(schema: JsonObject, draft: Draft): JsonObject;
export function modernizeSchema(schema: Keywords, draft: Draft): Record<string, unknown>;
export function modernizeSchema(schema: Keywords, draft: Draft): Record<string, unknown> {
  if (ignoresSiblings(schema, draft)) return { $ref: schema["$ref"] };
  const modern: Record<string, unknown> = { ...schema };
  modernizeItems(modern);
  modernizeBound(modern, "minimum", "exclusiveMinimum");
  modernizeBound(modern, "maximum", "exclusiveMaximum");
  modernizeDependencies(modern);
  return modern;
}

function modernizeItems(schema: Record<string, unknown>): void {
  const { items, additionalItems } = schema;
  // `additionalItems` has an effect only if `items` is an array.
  delete schema["additionalItems"];
  if (!Array.isArray(items)) return;
  schema["prefixItems"] = items;
  if (additionalItems === undefined) delete schema["items"];
  else schema["items"] = additionalItems;
}

function modernizeBound(schema: Record<string, unknown>, inclusive: string, exclusive: string): void {
  if (typeof schema[exclusive] !== "boolean") return;
  const isExclusive = schema[exclusive] && schema[inclusive] !== undefined;
  delete schema[exclusive];
  if (!isExclusive) return;
  schema[exclusive] = schema[inclusive];
  delete schema[inclusive];
}

function modernizeDependencies(schema: Record<string, unknown>): void {
  const { dependencies } = schema;
  if (typeof dependencies !== "object" || dependencies === null) return;
  delete schema["dependencies"];
  const entries = Object.entries(dependencies);
  const add = (keyword: string, own: [string, unknown][]) => {
    if (own.length > 0) schema[keyword] = { ...Object.fromEntries(own), ...(schema[keyword] ?? {}) };
  };
  add(
    "dependentRequired",
    entries.filter(([, value]) => Array.isArray(value)),
  );
  add(
    "dependentSchemas",
    entries.filter(([, value]) => !Array.isArray(value)),
  );
}
