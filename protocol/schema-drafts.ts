import type { JsonObject } from "./json.ts";

/** The drafts of JSON Schema that the server follows, oldest first. */
const DRAFTS = ["draft-04", "draft-06", "draft-07", "2019-09", "2020-12"] as const;

/**
 * The draft that a schema is written in. `unnamed` is a schema that names none, or one of somebody's own: it is read as
 * 2020-12, with the keywords of 2019-09 and of OpenAPI 3.0 that 2020-12 does not have.
 */
export type Draft = (typeof DRAFTS)[number] | "unnamed";

type Keywords = Readonly<Record<string, unknown>>;

const OFFICIAL =
  /^https?:\/\/(?:www\.)?json-schema\.org\/(?:draft-(0\d)|draft\/(20\d\d-\d\d))\/(?:hyper-)?schema#?$/;

const DRAFT_NUMBERS: Readonly<Record<string, Draft>> = {
  "04": "draft-04",
  // Draft 5 changed no keyword.
  "05": "draft-04",
  "06": "draft-06",
  "07": "draft-07",
  "2019-09": "2019-09",
  "2020-12": "2020-12",
};

/** Returns the draft that `$schema` names; undefined if it is older than draft 4, or not a string. */
export function getDraft(schema: Keywords): Draft | undefined {
  const named = schema["$schema"];
  if (named === undefined) return "unnamed";
  if (typeof named !== "string") return undefined;
  const match = OFFICIAL.exec(named);
  if (match === null) return "unnamed";
  return DRAFT_NUMBERS[match[1] ?? match[2] ?? ""] ?? (match[2] === undefined ? undefined : "unnamed");
}

/** Returns true if a draft is `first` or later; an unnamed one counts as the latest. */
export function isSince(draft: Draft, first: Draft): boolean {
  return getAge(draft) >= getAge(first);
}

/** Returns true if keywords next to a `$ref` are ignored: only drafts up to 7 do that. */
export function ignoresSiblings(schema: Keywords, draft: Draft): boolean {
  return typeof schema["$ref"] === "string" && !isSince(draft, "2019-09");
}

/** Returns true for OpenAPI 3.0's `nullable: true`, which allows null next to whatever else a schema allows. */
export function isNullable(schema: Keywords, draft: Draft): boolean {
  return draft === "unnamed" && schema["nullable"] === true;
}

/**
 * Returns one subschema, not those within it, with the keywords of 2020-12: tuples as `prefixItems`, `dependencies` as
 * `dependentRequired` and `dependentSchemas`, exclusive bounds as numbers. Its values are the same objects as before.
 * Old spellings are read in every draft, because some generators write them next to a newer `$schema`: that of
 * zod-to-json-schema for 2019-09 writes `"exclusiveMinimum": true`.
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

function getAge(draft: Draft): number {
  return draft === "unnamed" ? DRAFTS.length : DRAFTS.indexOf(draft);
}

function modernizeItems(schema: Record<string, unknown>): void {
  const { items, additionalItems } = schema;
  // `additionalItems` means something only next to an array.
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
  for (const [keyword, isList] of [
    ["dependentRequired", true],
    ["dependentSchemas", false],
  ] as const) {
    const own = entries.filter(([, value]) => Array.isArray(value) === isList);
    if (own.length > 0)
      schema[keyword] = Object.fromEntries([...own, ...Object.entries(schema[keyword] ?? {})]);
  }
}
