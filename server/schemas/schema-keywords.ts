/** The two drafts that jobs may be written in. */
export type Dialect = "draft-07" | "2020-12";

/**
 * Where a subschema is applied: to the value itself (`here`), to its items, to its named members,
 * to members whose names only the value knows (`key`), or `nowhere` unless something refers to it.
 */
export type Where = "here" | "item" | "member" | "key" | "name" | "nowhere";

/** How a keyword holds its subschemas. */
export interface Applicator {
  where: Where;
  /** `map`: an object whose values are schemas; otherwise a schema or an array of them. */
  map?: true;
  only?: Dialect;
}

const applicators: Record<string, Applicator> = {
  allOf: { where: "here" },
  anyOf: { where: "here" },
  oneOf: { where: "here" },
  not: { where: "here" },
  if: { where: "here" },
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
  then: { where: "here" },
  else: { where: "here" },
  dependentSchemas: { where: "here", map: true, only: "2020-12" },
  dependencies: { where: "here", map: true },
  properties: { where: "member", map: true },
  patternProperties: { where: "key", map: true },
  additionalProperties: { where: "key" },
  unevaluatedProperties: { where: "key", only: "2020-12" },
  propertyNames: { where: "name" },
  prefixItems: { where: "item", only: "2020-12" },
  items: { where: "item" },
  additionalItems: { where: "item", only: "draft-07" },
  unevaluatedItems: { where: "item", only: "2020-12" },
  contains: { where: "item" },
  $defs: { where: "nowhere", map: true },
  definitions: { where: "nowhere", map: true },
};

const assertions: Record<string, Dialect | "both"> = {
  type: "both",
  enum: "both",
  const: "both",
  multipleOf: "both",
  maximum: "both",
  exclusiveMaximum: "both",
  minimum: "both",
  exclusiveMinimum: "both",
  maxLength: "both",
  minLength: "both",
  pattern: "both",
  format: "both",
  maxItems: "both",
  minItems: "both",
  uniqueItems: "both",
  maxContains: "2020-12",
  minContains: "2020-12",
  maxProperties: "both",
  minProperties: "both",
  required: "both",
  dependentRequired: "2020-12",
};

/** How a keyword holds subschemas in this dialect; undefined when it holds none, or is not known. */
export function applicatorOf(keyword: string, dialect: Dialect): Applicator | undefined {
  if (!Object.hasOwn(applicators, keyword)) return undefined;
  const applicator = applicators[keyword];
  return applicator?.only === undefined || applicator.only === dialect ? applicator : undefined;
}

/** Whether a keyword constrains the value by itself in this dialect. */
export function isAssertion(keyword: string, dialect: Dialect): boolean {
  if (!Object.hasOwn(assertions, keyword)) return false;
  const drafts = assertions[keyword];
  return drafts === "both" || drafts === dialect;
}

/** Keywords that refer to another schema. One document without embedded resources makes all of them a plain `$ref`. */
export function isReference(keyword: string, dialect: Dialect): boolean {
  if (keyword === "$ref") return true;
  return dialect === "2020-12" && (keyword === "$dynamicRef" || keyword === "$recursiveRef");
}

/** The dialect that a schema's `$schema` names, 2020-12 without one, undefined for one that is not supported. */
export function dialectOf(schema: Readonly<Record<string, unknown>>): Dialect | undefined {
  const named = schema["$schema"];
  if (named === undefined) return "2020-12";
  if (typeof named !== "string") return undefined;
  if (/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/.test(named)) return "draft-07";
  if (/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(named)) return "2020-12";
  return undefined;
}
