import { getDraft } from "../../protocol/schema/drafts.ts";
import { measureJson } from "./json-size.ts";
import { roundNumbers } from "./round-numbers.ts";
import type { JsonObject } from "./schema-error.ts";
import { readSchemaGraph } from "./schema-graph.ts";
import { listPatterns } from "./schema-limits.ts";

// Limits of a light schema: in a new process, Ajv takes up to 1 ms per subschema, and RE2 up to 10 ms for a
// short pattern.
const LIGHT_SCHEMA = { characters: 16 * 1024, values: 600, subschemas: 64, patternCharacters: 400 } as const;

/** Returns true if a schema is small enough to compile on the event loop without a noticeable delay; most schemas are. */
export function isLight(schema: JsonObject): boolean {
  const { nodes, characters, error } = measureJson(schema);
  if (error !== undefined || nodes > LIGHT_SCHEMA.values || characters > LIGHT_SCHEMA.characters)
    return false;
  const graph = readSchemaGraph(roundNumbers(schema), getDraft(schema) ?? "unnamed");
  if (graph.nodes.size > LIGHT_SCHEMA.subschemas) return false;
  const patterns = [...graph.nodes.values()].flatMap(listPatterns);
  return patterns.reduce((sum, { pattern }) => sum + pattern.length, 0) <= LIGHT_SCHEMA.patternCharacters;
}
