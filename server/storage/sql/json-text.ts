import type { JsonValue } from "../../../protocol/index.ts";

/**
 * Formats a value for a `json` column. Returns undefined for undefined and null, which are stored as an SQL
 * null.
 */
export const toJsonText = (value: JsonValue | undefined): string | undefined =>
  value === undefined || value === null ? undefined : JSON.stringify(value);
