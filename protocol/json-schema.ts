import { createPatch } from "rfc6902";
import { canonicalJson } from "./canonical-json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { PatchOperation } from "./problem.ts";

/** What of a registration must match: the payload's schema and the result's. */
export interface SchemaPair {
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
}

/** True where two schemas are the same in their canonical forms. */
export const schemasMatch = (a: JsonValue, b: JsonValue): boolean => canonicalJson(a) === canonicalJson(b);

/**
 * RFC 6902 operations from the registered schemas to the offered ones. Paths are into the payload's schema;
 * those of a result schema begin with `/result_schema`.
 */
export const schemaDiff = (registered: SchemaPair, offered: SchemaPair): PatchOperation[] => [
  ...createPatch(registered.schema, offered.schema),
  ...createPatch({ result_schema: registered.resultSchema }, { result_schema: offered.resultSchema }),
];
