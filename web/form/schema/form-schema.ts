import type { RJSFSchema } from "@rjsf/utils";
import type { JsonObject } from "../../../protocol/json.ts";

/**
 * A schema as the form draws it. What it was made from is the server's to check; this one keeps what a field shows, and
 * everything that begins with `x-`.
 */
export type FormSchema = RJSFSchema;

/** The keywords that preparing a schema writes; a stranger's own of the same name do not get this far. */
export const FORM_KEYWORDS = {
  /** Nothing is known of the value but that it is JSON. */
  anything: "drawn-anything",
  /** Left empty it is null. */
  nullable: "drawn-nullable",
  /** A regular expression that a browser may run. */
  pattern: "drawn-pattern",
  /** What the choices of an `enum` are called, in their order. */
  labels: "drawn-labels",
} as const;

/** A value that is drawn as JSON. */
export const ANY_VALUE: FormSchema = { [FORM_KEYWORDS.anything]: true };

/** A longer list is no list of fields any more: it is edited as JSON. */
export const MAX_ITEMS = 100;

/** True for a JSON object. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ANNOTATIONS = ["title", "description", "default", "examples", "deprecated", "readOnly"];

/** The members of a schema that say how it is shown: its annotations, and all that begins with `x-`. */
export const getAnnotations = (schema: JsonObject): FormSchema =>
  filterKeywords(schema, (keyword) => ANNOTATIONS.includes(keyword) || keyword.startsWith("x-"));

/** The members whose names pass. */
export const filterKeywords = (schema: JsonObject, isWanted: (keyword: string) => boolean): FormSchema =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => isWanted(keyword)));
