import canonicalize from "canonicalize";
import type { JsonValue } from "./json.ts";

/** Returns the RFC 8785 form of a JSON value: equal values have equal texts, whatever the order of their keys. */
export const canonicalJson = (value: JsonValue): string => canonicalize(value) ?? "null";
