import canonicalize from "canonicalize";
import type { JsonValue } from "../json.ts";

/** Returns the RFC 8785 form of a JSON value: equal values have equal texts, regardless of key order. */
export const toCanonicalJson = (value: JsonValue): string => canonicalize(value) ?? "null";
