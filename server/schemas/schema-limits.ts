import { getDraft } from "../../protocol/schema-drafts.ts";
import { measureJson } from "./json-size.ts";
import { checkKeywordShapes } from "./keyword-shapes.ts";
import { findPatternError } from "./linear-regexp.ts";
import { roundNumbers } from "./round-numbers.ts";
import { extendPointer, isJsonObject, type JsonObject, type SchemaError } from "./schema-error.ts";
import {
  GRAPH_LIMITS,
  getPointer,
  readSchemaGraph,
  type SchemaGraph,
  type SchemaNode,
} from "./schema-graph.ts";
import { findLoops } from "./schema-loops.ts";

/** What a schema is for: a payload is always an object, a result may be anything. */
export type SchemaUse = "payload" | "result";

/** Says what of a schema is beyond what the server takes from strangers; reads it without running it. */
export function checkSchemaLimits(schema: JsonObject, use: SchemaUse = "payload"): SchemaError[] {
  const read = readBoundedSchema(schema, use);
  return "faults" in read ? read.faults : [];
}

/** The graph of a schema that keeps all bounds, or the faults of one that does not. */
export function readBoundedSchema(
  written: JsonObject,
  use: SchemaUse = "payload",
): { graph: SchemaGraph } | { faults: SchemaError[] } {
  const { fault } = measureJson(written);
  if (fault !== undefined) return { faults: [fault] };
  const schema = roundNumbers(written);
  const draft = getDraft(schema);
  if (draft === undefined) {
    const detail = "names a draft that is not supported; use https://json-schema.org/draft/2020-12/schema";
    return { faults: [{ pointer: "/$schema", detail }] };
  }
  const graph = readSchemaGraph(schema, draft);
  if (graph.faults.length > 0) return { faults: graph.faults };
  const malformed = checkKeywordShapes(graph);
  if (malformed.length > 0) return { faults: malformed };
  const faults = [...findLoops(graph), ...patternFaults(graph)];
  if (faults.length > 0) return { faults };
  if (use === "payload" && !allowsObject(graph.root)) {
    return {
      faults: [
        {
          pointer: extendPointer("", "type"),
          detail: "must allow object: a payload is always one; put the value into a property",
        },
      ],
    };
  }
  return { graph };
}

/** The patterns that a subschema holds, each with where it stands. */
export function listPatterns(node: SchemaNode): { pattern: string; path: string[] }[] {
  const { pattern, patternProperties } = node.schema;
  const found = typeof pattern === "string" ? [{ pattern, path: ["pattern"] }] : [];
  if (!isJsonObject(patternProperties)) return found;
  return [
    ...found,
    ...Object.keys(patternProperties).map((key) => ({ pattern: key, path: ["patternProperties", key] })),
  ];
}

function patternFaults(graph: SchemaGraph): SchemaError[] {
  const faults: SchemaError[] = [];
  for (const node of graph.nodes.values()) {
    for (const { pattern, path } of listPatterns(node)) {
      const detail = findPatternError(pattern);
      if (detail !== undefined) faults.push({ pointer: extendPointer(getPointer(node), ...path), detail });
      if (faults.length >= GRAPH_LIMITS.faults) return faults;
    }
  }
  return faults;
}

// Only what the schema says outright: `allOf` of a string and an object would need a solver.
function allowsObject(root: SchemaNode): boolean {
  const seen = new Set<SchemaNode>();
  for (let node: SchemaNode | boolean | undefined = root; typeof node === "object"; node = node.targets[0]) {
    if (seen.has(node)) break;
    seen.add(node);
    const { type } = node.schema;
    if (typeof type === "string" && type !== "object") return false;
    if (Array.isArray(type) && !type.includes("object")) return false;
  }
  return true;
}
