import { createPatch, type Operation, type Pointer } from "rfc6902";
import { toCanonicalJson } from "./canonical-json.ts";
import { isRawNumber, normalizeNumber } from "./exact-json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { PatchOperation } from "./problem.ts";

/** The schemas of a registration that must match: of the payload and of the result. */
export interface SchemaPair {
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
}

/** The canonical form of a schema, in which numbers that JavaScript cannot represent keep their exact values. */
export const canonicalizeSchema = (schema: JsonValue): string => toCanonicalJson(withNormalNumbers(schema));

/** Returns true if two schemas have the same canonical JSON. */
export const schemasMatch = (a: JsonValue, b: JsonValue): boolean =>
  canonicalizeSchema(a) === canonicalizeSchema(b);

/**
 * Returns the RFC 6902 operations that turn the registered schemas into the requested ones. Paths are relative to the
 * payload's schema; those of the result schema start with `/result_schema`.
 */
export const diffSchemas = (registered: SchemaPair, offered: SchemaPair): PatchOperation[] => [
  ...createPatch(registered.schema, offered.schema, diffExactNumbers),
  ...createPatch(
    { result_schema: registered.resultSchema },
    { result_schema: offered.resultSchema },
    diffExactNumbers,
  ),
];

const diffExactNumbers = (registered: unknown, offered: unknown, at: Pointer): Operation[] | undefined => {
  if (!isRawNumber(registered) && !isRawNumber(offered)) return undefined;
  const isSame =
    isRawNumber(registered) &&
    isRawNumber(offered) &&
    normalizeNumber(registered.rawJSON) === normalizeNumber(offered.rawJSON);
  return isSame ? [] : [{ op: "replace", path: at.toString(), value: offered }];
};

const withNormalNumbers = (value: JsonValue): JsonValue => {
  if (typeof value !== "object" || value === null) return value;
  // RFC 8785 has no form for these numbers. No schema has this member by accident.
  if (isRawNumber(value)) return { "joblib:exact-number": normalizeNumber(value.rawJSON) ?? value.rawJSON };
  if (Array.isArray(value)) return value.map(withNormalNumbers);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNormalNumbers(member)]));
};
