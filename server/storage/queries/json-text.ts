import type { JsonValue } from "../../../protocol/index.ts";

/** A value as the text that a column of `json` keeps; undefined for nothing and for null, which such a column has as its own null. */
export const toJsonText = (value: JsonValue | undefined): string | undefined =>
  value === undefined || value === null ? undefined : JSON.stringify(value);
