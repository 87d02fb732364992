import canonicalize from "canonicalize";
import type { JsonValue } from "../json.ts";

/** Returns the RFC 8785 form of a JSON value: equal values have equal texts, regardless of key order. */
export function toCanonicalJson(value: JsonValue): string {
  return canonicalize(value) ?? "null";
}
