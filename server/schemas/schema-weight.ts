import { getDraft } from "../../protocol/schema-drafts.ts";
import { measureJson } from "./json-size.ts";
import { roundNumbers } from "./round-numbers.ts";
import type { JsonObject } from "./schema-error.ts";
import { readSchemaGraph } from "./schema-graph.ts";
import { listPatterns } from "./schema-limits.ts";

// Ajv takes up to 1 ms for a subschema on a cold process and RE2 10 ms for the worst short pattern.
const light = { characters: 16 * 1024, values: 600, subschemas: 64, patternCharacters: 400 } as const;

/** Whether a schema is so small that compiling it here and now cannot be felt by others; most jobs' are. */
export function isLight(schema: JsonObject): boolean {
  const { nodes, characters, fault } = measureJson(schema);
  if (fault !== undefined || nodes > light.values || characters > light.characters) return false;
  const graph = readSchemaGraph(roundNumbers(schema), getDraft(schema) ?? "unnamed");
  if (graph.nodes.size > light.subschemas) return false;
  const patterns = [...graph.nodes.values()].flatMap(listPatterns);
  return patterns.reduce((sum, { pattern }) => sum + pattern.length, 0) <= light.patternCharacters;
}
