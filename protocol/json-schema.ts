import { createPatch, type Operation, type Pointer } from "rfc6902";
import { canonicalJson } from "./canonical-json.ts";
import { isRawNumber, normalizeNumber } from "./exact-json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { PatchOperation } from "./problem.ts";

/** What of a registration must match: the payload's schema and the result's. */
export interface SchemaPair {
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
}

/** The canonical form of a schema, in which numbers that JavaScript cannot represent keep their exact values. */
export const canonicalSchema = (schema: JsonValue): string => canonicalJson(withNormalNumbers(schema));

/** True where two schemas are the same in their canonical forms. */
export const schemasMatch = (a: JsonValue, b: JsonValue): boolean =>
  canonicalSchema(a) === canonicalSchema(b);

/**
 * RFC 6902 operations from the registered schemas to the offered ones. Paths are into the payload's schema;
 * those of a result schema begin with `/result_schema`.
 */
export const schemaDiff = (registered: SchemaPair, offered: SchemaPair): PatchOperation[] => [
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
