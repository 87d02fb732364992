import canonicalize from "canonicalize";
import type { JsonValue } from "./json.ts";

/**
 * Returns the canonical form of a JSON value (RFC 8785). Equal values have the same text, regardless of key
 * order.
 */
export const toCanonicalJson = (value: JsonValue): string => canonicalize(value) ?? "null";
