import { type Draft, isSince } from "../../protocol/schema-drafts.ts";

/**
 * Where a subschema is applied: to the value itself (`here`), to its items, to its named members, to members whose
 * names only the value knows (`key`), to their names, or `nowhere` unless something refers to it.
 */
export type InstanceLocation = "here" | "item" | "member" | "key" | "name" | "nowhere";

/** How a keyword contains its subschemas. */
export interface Applicator {
  where: InstanceLocation;
  /** `one` schema, a `list`, a `map` from names, `one or list`, or for `dependencies` a map of schemas and names. */
  form: "one" | "list" | "map" | "one or list" | "map or names";
  since?: Draft;
}

const applicators: Record<string, Applicator> = {
  allOf: { where: "here", form: "list" },
  anyOf: { where: "here", form: "list" },
  oneOf: { where: "here", form: "list" },
  not: { where: "here", form: "one" },
  if: { where: "here", form: "one", since: "draft-07" },
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
  then: { where: "here", form: "one", since: "draft-07" },
  else: { where: "here", form: "one", since: "draft-07" },
  dependentSchemas: { where: "here", form: "map", since: "2019-09" },
  dependencies: { where: "here", form: "map or names" },
  properties: { where: "member", form: "map" },
  patternProperties: { where: "key", form: "map" },
  additionalProperties: { where: "key", form: "one" },
  unevaluatedProperties: { where: "key", form: "one", since: "2019-09" },
  propertyNames: { where: "name", form: "one", since: "draft-06" },
  prefixItems: { where: "item", form: "list", since: "2020-12" },
  items: { where: "item", form: "one or list" },
  additionalItems: { where: "item", form: "one" },
  unevaluatedItems: { where: "item", form: "one", since: "2019-09" },
  contains: { where: "item", form: "one", since: "draft-06" },
  contentSchema: { where: "nowhere", form: "one", since: "2019-09" },
  $defs: { where: "nowhere", form: "map" },
  definitions: { where: "nowhere", form: "map" },
};

const assertions: Readonly<Record<string, Draft>> = {
  type: "draft-04",
  enum: "draft-04",
  const: "draft-06",
  multipleOf: "draft-04",
  maximum: "draft-04",
  exclusiveMaximum: "draft-04",
  minimum: "draft-04",
  exclusiveMinimum: "draft-04",
  maxLength: "draft-04",
  minLength: "draft-04",
  pattern: "draft-04",
  format: "draft-04",
  maxItems: "draft-04",
  minItems: "draft-04",
  uniqueItems: "draft-04",
  maxContains: "2019-09",
  minContains: "2019-09",
  maxProperties: "draft-04",
  minProperties: "draft-04",
  required: "draft-04",
  dependentRequired: "2019-09",
};

/** Returns how a keyword contains subschemas in this draft, or undefined if it contains none or is not known. */
export function getApplicator(keyword: string, draft: Draft): Applicator | undefined {
  if (!Object.hasOwn(applicators, keyword)) return undefined;
  const applicator = applicators[keyword];
  return isSince(draft, applicator?.since ?? "draft-04") ? applicator : undefined;
}

/** Returns true if a keyword constrains the value by itself in this draft. */
export function isAssertion(keyword: string, draft: Draft): boolean {
  if (!Object.hasOwn(assertions, keyword)) return false;
  const since = assertions[keyword];
  return since !== undefined && isSince(draft, since);
}

/** Returns true for keywords that refer to another schema in this draft. */
export function isReference(keyword: string, draft: Draft): boolean {
  if (keyword === "$ref") return true;
  if (keyword === "$dynamicRef") return isSince(draft, "2020-12");
  return keyword === "$recursiveRef" && (draft === "2019-09" || draft === "unnamed");
}
