import type { RJSFSchema } from "@rjsf/utils";
import type { JsonObject } from "../../../protocol/json.ts";

/**
 * A schema that is prepared for rendering. It contains only keywords that the form shows, and all
 * `x-` keywords. The server validates payloads with the original schema.
 */
export type FormSchema = RJSFSchema;

/**
 * Keywords that joblib adds when it prepares a schema. If the original schema contains keywords
 * with these names, they are removed.
 */
export const FORM_KEYWORDS = {
  /** True if the value may be any JSON value. */
  anyValue: "form-any-value",
  /** True if an empty field means null. */
  nullable: "form-nullable",
  /** A regular expression that cannot block the browser. It replaces the schema's `pattern`. */
  pattern: "form-pattern",
  /** The labels of an `enum`'s choices, in the same order. */
  labels: "form-labels",
} as const;

/** The schema of a value that may be any JSON value, and is edited as JSON. */
export const ANY_VALUE: FormSchema = { [FORM_KEYWORDS.anyValue]: true };

/** Maximum number of items of a list that is edited in fields. A longer list is edited as JSON. */
export const MAX_ITEMS = 100;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ANNOTATIONS = ["title", "description", "default", "examples", "deprecated", "readOnly"];

/**
 * Returns the keywords that describe how a schema is shown: the annotations and all `x-` keywords.
 */
export const getAnnotations = (schema: JsonObject): FormSchema =>
  filterKeywords(schema, (keyword) => ANNOTATIONS.includes(keyword) || keyword.startsWith("x-"));

/** Returns the keywords that satisfy a predicate. */
export const filterKeywords = (schema: JsonObject, isWanted: (keyword: string) => boolean): FormSchema =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => isWanted(keyword)));

/** The functions that prepare the parts of a schema. */
export interface SchemaContext {
  /** Prepares a subschema. */
  readonly prepare: (schema: unknown) => FormSchema;
  /**
   * Prepares a subschema as a definition, and returns a reference to this definition. References
   * make the preparation of a recursive schema end.
   */
  readonly prepareReference: (schema: unknown) => FormSchema;
  /** Returns the original schema to which a reference refers. */
  readonly resolve: (schema: unknown) => JsonObject | undefined;
}
