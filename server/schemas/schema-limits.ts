import { getDraft } from "../../protocol/schema/drafts.ts";
import { measureJson } from "./json-size.ts";
import { checkKeywordShapes } from "./keyword-shapes.ts";
import { findPatternError } from "./patterns/linear-regexp.ts";
import { roundNumbers } from "./round-numbers.ts";
import { extendPointer, isJsonObject, type JsonObject, type SchemaError } from "./schema-error.ts";
import { GRAPH_LIMITS, getPointer, readSchemaGraph, type SchemaGraph } from "./schema-graph.ts";
import { findLoops } from "./schema-loops.ts";
import type { SchemaNode } from "./schema-node.ts";

/** The purpose of a schema. A payload is always an object; a result can be any JSON value. */
export type SchemaUse = "payload" | "result";

/**
 * Returns the errors of a schema that exceeds the limits for untrusted schemas. Only reads the schema,
 * without compiling it.
 */
export function checkSchemaLimits(schema: JsonObject, use: SchemaUse = "payload"): SchemaError[] {
  const read = readBoundedSchema(schema, use);
  return "errors" in read ? read.errors : [];
}

/** Returns the graph of a schema, or its errors if it exceeds a limit. */
export function readBoundedSchema(
  original: JsonObject,
  use: SchemaUse = "payload",
): { graph: SchemaGraph } | { errors: SchemaError[] } {
  const { error } = measureJson(original);
  if (error !== undefined) return { errors: [error] };
  const schema = roundNumbers(original);
  const draft = getDraft(schema);
  if (draft === undefined) {
    const detail = "names a draft that is not supported; use https://json-schema.org/draft/2020-12/schema";
    return { errors: [{ pointer: "/$schema", detail }] };
  }
  const graph = readSchemaGraph(schema, draft);
  if (graph.errors.length > 0) return { errors: graph.errors };
  const malformed = checkKeywordShapes(graph);
  if (malformed.length > 0) return { errors: malformed };
  const errors = [...findLoops(graph), ...findPatternErrors(graph)];
  if (errors.length > 0) return { errors };
  if (use === "payload" && !allowsObject(graph.root)) {
    return {
      errors: [
        {
          pointer: extendPointer("", "type"),
          detail: "must allow object, because a payload is always an object; put the value into a property",
        },
      ],
    };
  }
  return { graph };
}

/** Returns the patterns of a subschema, with their paths in the subschema. */
export function listPatterns(node: SchemaNode): { pattern: string; path: string[] }[] {
  const { pattern, patternProperties } = node.schema;
  const found = typeof pattern === "string" ? [{ pattern, path: ["pattern"] }] : [];
  if (!isJsonObject(patternProperties)) return found;
  return [
    ...found,
    ...Object.keys(patternProperties).map((key) => ({ pattern: key, path: ["patternProperties", key] })),
  ];
}

function findPatternErrors(graph: SchemaGraph): SchemaError[] {
  const errors: SchemaError[] = [];
  for (const node of graph.nodes.values()) {
    for (const { pattern, path } of listPatterns(node)) {
      const detail = findPatternError(pattern);
      if (detail !== undefined) errors.push({ pointer: extendPointer(getPointer(node), ...path), detail });
      if (errors.length >= GRAPH_LIMITS.errors) return errors;
    }
  }
  return errors;
}

// Checks only types that the schema declares directly. For example, detecting that an `allOf` of a string and
// an object allows nothing would need a solver.
function allowsObject(root: SchemaNode): boolean {
  const visited = new Set<SchemaNode>();
  for (let node: SchemaNode | boolean | undefined = root; typeof node === "object"; node = node.targets[0]) {
    if (visited.has(node)) break;
    visited.add(node);
    const { type } = node.schema;
    if (typeof type === "string" && type !== "object") return false;
    if (Array.isArray(type) && !type.includes("object")) return false;
  }
  return true;
}
