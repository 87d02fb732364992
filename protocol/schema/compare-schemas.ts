import { createPatch, type Operation, type Pointer } from "rfc6902";
import type { JsonObject, JsonValue } from "../json.ts";
import type { PatchOperation } from "../problem.ts";
import { toCanonicalJson } from "./canonical-json.ts";
import { isRawNumber, normalizeNumber } from "./exact-json.ts";

/** The two schemas of a registration: of the payload and of the result. */
export interface SchemaPair {
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
}

/** Returns the canonical JSON of a schema, with the exact values of numbers that JavaScript cannot represent. */
export function canonicalizeSchema(schema: JsonValue): string {
  return toCanonicalJson(normalizeNumbers(schema));
}

/** Returns true if two schemas have the same canonical JSON. */
export function schemasMatch(a: JsonValue, b: JsonValue): boolean {
  return canonicalizeSchema(a) === canonicalizeSchema(b);
}

/**
 * Returns the RFC 6902 operations that turn the registered schemas into the requested ones. Paths are relative to the
 * payload's schema; those of the result schema start with `/result_schema`.
 */
export function diffSchemas(registered: SchemaPair, requested: SchemaPair): PatchOperation[] {
  return [
    ...createPatch(registered.schema, requested.schema, diffExactNumbers),
    ...createPatch(
      { result_schema: registered.resultSchema },
      { result_schema: requested.resultSchema },
      diffExactNumbers,
    ),
  ];
}

function diffExactNumbers(registered: unknown, requested: unknown, at: Pointer): Operation[] | undefined {
  if (!isRawNumber(registered) && !isRawNumber(requested)) return undefined;
  const isEqual =
    isRawNumber(registered) &&
    isRawNumber(requested) &&
    normalizeNumber(registered.rawJSON) === normalizeNumber(requested.rawJSON);
  return isEqual ? [] : [{ op: "replace", path: at.toString(), value: requested }];
}

function normalizeNumbers(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  // RFC 8785 does not define a form for these numbers. No schema contains this member by accident.
  if (isRawNumber(value)) return { "joblib:exact-number": normalizeNumber(value.rawJSON) ?? value.rawJSON };
  if (Array.isArray(value)) return value.map(normalizeNumbers);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, normalizeNumbers(member)]));
}
