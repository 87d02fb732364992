import { type Draft, isSince } from "../../protocol/schema/drafts.ts";

/**
 * The part of a value to which a subschema is applied: the value itself, its items, its named properties, its
 * properties whose names are not in the schema, or its property names. `none`: the subschema is applied only
 * if another one refers to it.
 */
export type InstanceLocation = "value" | "item" | "property" | "dynamic-property" | "property-name" | "none";

/** Describes the subschemas of a keyword. */
export interface Applicator {
  location: InstanceLocation;
  /** `map` is a map of schemas by name; `map or names` is `dependencies`, whose values are schemas or lists of names. */
  form: "one" | "list" | "map" | "one or list" | "map or names";
  since?: Draft;
}

const APPLICATORS: Record<string, Applicator> = {
  allOf: { location: "value", form: "list" },
  anyOf: { location: "value", form: "list" },
  oneOf: { location: "value", form: "list" },
  not: { location: "value", form: "one" },
  if: { location: "value", form: "one", since: "draft-07" },
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
  then: { location: "value", form: "one", since: "draft-07" },
  else: { location: "value", form: "one", since: "draft-07" },
  dependentSchemas: { location: "value", form: "map", since: "2019-09" },
  dependencies: { location: "value", form: "map or names" },
  properties: { location: "property", form: "map" },
  patternProperties: { location: "dynamic-property", form: "map" },
  additionalProperties: { location: "dynamic-property", form: "one" },
  unevaluatedProperties: { location: "dynamic-property", form: "one", since: "2019-09" },
  propertyNames: { location: "property-name", form: "one", since: "draft-06" },
  prefixItems: { location: "item", form: "list", since: "2020-12" },
  items: { location: "item", form: "one or list" },
  additionalItems: { location: "item", form: "one" },
  unevaluatedItems: { location: "item", form: "one", since: "2019-09" },
  contains: { location: "item", form: "one", since: "draft-06" },
  contentSchema: { location: "none", form: "one", since: "2019-09" },
  $defs: { location: "none", form: "map" },
  definitions: { location: "none", form: "map" },
};

const ASSERTIONS: Readonly<Record<string, Draft>> = {
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

/** Returns how a keyword contains subschemas in a draft; undefined if it contains none or is unknown. */
export function getApplicator(keyword: string, draft: Draft): Applicator | undefined {
  if (!Object.hasOwn(APPLICATORS, keyword)) return undefined;
  const applicator = APPLICATORS[keyword];
  return isSince(draft, applicator?.since ?? "draft-04") ? applicator : undefined;
}

/** Returns true if a keyword of a draft constrains the value and contains no subschema. */
export function isAssertion(keyword: string, draft: Draft): boolean {
  if (!Object.hasOwn(ASSERTIONS, keyword)) return false;
  const since = ASSERTIONS[keyword];
  return since !== undefined && isSince(draft, since);
}

/** Returns true if a keyword of a draft refers to another schema. */
export function isReference(keyword: string, draft: Draft): boolean {
  if (keyword === "$ref") return true;
  if (keyword === "$dynamicRef") return isSince(draft, "2020-12");
  return keyword === "$recursiveRef" && (draft === "2019-09" || draft === "unnamed");
}
