import { createPatch, type Operation, type Pointer } from "rfc6902";
import { type JsonObject, type JsonValue, toCanonicalJson } from "../json.ts";
import type { PatchOperation } from "../problem.ts";
import { isRawNumber, normalizeNumber } from "./exact-json.ts";

/** The two schemas of a job: one for the payload and one for the result. */
export interface SchemaPair {
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
}

/**
 * Returns the canonical JSON of a schema. Numbers that JavaScript cannot represent keep their exact
 * values.
 */
export function canonicalizeSchema(schema: JsonValue): string {
  return toCanonicalJson(normalizeNumbers(schema));
}

/** Returns true if two schemas have the same canonical JSON. */
export function schemasMatch(a: JsonValue, b: JsonValue): boolean {
  return canonicalizeSchema(a) === canonicalizeSchema(b);
}

/**
 * Returns the JSON Patch operations (RFC 6902) that change the registered schemas into the
 * requested ones. The paths of changes in the payload's schema begin at its root; those of changes
 * in the result schema begin with `/result_schema`.
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
  // RFC 8785 does not define a canonical form for numbers that a double cannot represent. Each such
  // number becomes an object with one member, whose name no schema contains by accident.
  if (isRawNumber(value)) return { "joblib:exact-number": normalizeNumber(value.rawJSON) ?? value.rawJSON };
  if (Array.isArray(value)) return value.map(normalizeNumbers);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, normalizeNumbers(member)]));
}
