import canonicalize from "canonicalize";
import type { JsonValue } from "../json.ts";

/**
 * Returns the canonical form of a JSON value (RFC 8785). Equal values have the same text, regardless of key
 * order.
 */
export function toCanonicalJson(value: JsonValue): string {
  return canonicalize(value) ?? "null";
}
