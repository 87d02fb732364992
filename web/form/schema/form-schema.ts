import type { RJSFSchema } from "@rjsf/utils";
import type { JsonObject } from "../../../protocol/json.ts";

/**
 * A schema that is prepared for rendering. It contains only what fields show, and all `x-` keywords. The
 * server validates payloads with the original schema.
 */
export type FormSchema = RJSFSchema;

/** Keywords that are added when a schema is prepared. Keywords of the same names in the original schema are removed. */
export const FORM_KEYWORDS = {
  /** True if the value may be any JSON. */
  anyValue: "form-any-value",
  /** True if an empty field means null. */
  nullable: "form-nullable",
  /** A regular expression that cannot block the browser. */
  pattern: "form-pattern",
  /** The labels of an `enum`'s choices, in the same order. */
  labels: "form-labels",
} as const;

/** The schema of a value that is edited as JSON. */
export const ANY_VALUE: FormSchema = { [FORM_KEYWORDS.anyValue]: true };

/** Maximum number of items that are shown as fields. A longer list is edited as JSON. */
export const MAX_ITEMS = 100;

/** Returns true for a JSON object. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ANNOTATIONS = ["title", "description", "default", "examples", "deprecated", "readOnly"];

/** Returns the keywords that describe how a schema is shown: its annotations and all `x-` keywords. */
export const getAnnotations = (schema: JsonObject): FormSchema =>
  filterKeywords(schema, (keyword) => ANNOTATIONS.includes(keyword) || keyword.startsWith("x-"));

/** Returns the keywords of a schema that satisfy a predicate. */
export const filterKeywords = (schema: JsonObject, isWanted: (keyword: string) => boolean): FormSchema =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => isWanted(keyword)));

/** The functions that prepare the parts of one schema. */
export interface SchemaContext {
  /** Prepares a subschema. */
  readonly prepare: (schema: unknown) => FormSchema;
  /**
   * Prepares a subschema as a definition and returns a reference to it, so that the preparation of a
   * recursive schema ends.
   */
  readonly prepareReference: (schema: unknown) => FormSchema;
  /** Returns the original schema that a reference points to. */
  readonly resolve: (schema: unknown) => JsonObject | undefined;
}
