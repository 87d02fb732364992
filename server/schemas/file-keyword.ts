import { FILE_KEYWORD } from "../../protocol/index.ts";
import { ignoresSiblings } from "../../protocol/schema/drafts.ts";
import { FileRule, resolveRootReference } from "../../protocol/schema/file-references.ts";
import { getApplicator, isMap, isReference } from "./keywords.ts";
import { extendPointer, isJsonObject, type SchemaError } from "./schema-error.ts";
import { GRAPH_LIMITS, getPointer, listSubschemas, type SchemaGraph } from "./schema-graph.ts";
import type { SchemaNode } from "./schema-resources.ts";

/** The keywords through which references to files are found in a value. */
const FOLLOWED = new Set([
  ...["allOf", "anyOf", "oneOf", "if", "then", "else"],
  ...["properties", "patternProperties", "additionalProperties"],
  ...["prefixItems", "items", "additionalItems"],
]);

/**
 * Returns the errors of the file keyword in a schema: invalid values, and uses below keywords that
 * the server does not follow to find files. If such a schema were accepted, its files would be
 * neither checked nor attached to the task, and the server would delete them as unused.
 */
export function findFileErrors(graph: SchemaGraph): SchemaError[] {
  const marked = [...graph.nodes.values()].filter(({ schema }) => schema[FILE_KEYWORD] !== undefined);
  if (marked.length === 0) return [];
  const errors = marked.flatMap(findRuleErrors);
  const edges = [...graph.nodes.values()].flatMap((node) => listEdges(graph, node));
  const withFiles = findAncestors(marked, edges);
  for (const { parent, path, target, isFollowed } of edges) {
    if (isFollowed || !withFiles.has(target)) continue;
    const [keyword] = path;
    const detail =
      keyword === "$ref"
        ? 'leads to a file, so it must be a JSON Pointer from the root of the schema, such as "#/$defs/file"'
        : `must not lead to ${FILE_KEYWORD}: files are found only through $ref and ${[...FOLLOWED].join(", ")}`;
    errors.push({ pointer: extendPointer(getPointer(parent), ...path), detail });
  }
  return errors.slice(0, GRAPH_LIMITS.errors);
}

function findRuleErrors(node: SchemaNode): SchemaError[] {
  const { type, [FILE_KEYWORD]: rule } = node.schema;
  const errors: SchemaError[] = [];
  const parsed = FileRule.safeParse(rule);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const pointer = extendPointer(getPointer(node), FILE_KEYWORD, ...path.map(toToken));
    errors.push({ pointer, detail: message });
  }
  if (type !== undefined && ![type].flat().includes("string")) {
    const detail = `must be or include "string", because of ${FILE_KEYWORD}`;
    errors.push({ pointer: extendPointer(getPointer(node), "type"), detail });
  }
  return errors;
}

const toToken = (key: PropertyKey) => (typeof key === "symbol" ? key.toString() : key);

/**
 * A connection from a subschema to another one: a nested subschema, or the target of a reference.
 */
interface Edge {
  readonly parent: SchemaNode;
  readonly path: readonly (string | number)[];
  readonly target: SchemaNode;
  readonly isFollowed: boolean;
}

function listEdges(graph: SchemaGraph, parent: SchemaNode): Edge[] {
  const edges: Edge[] = [];
  const isOnlyReference = ignoresSiblings(parent.schema, parent.draft);
  for (const [keyword, value] of Object.entries(parent.schema)) {
    const location = getApplicator(keyword, parent.draft);
    // Skips definitions, which do not apply to any value, and `contentSchema`, which applies only
    // to the decoded content of a string.
    if (location === undefined || location.location === "none" || isOnlyReference) continue;
    for (const [path, child] of listSubschemas(value, isMap(location))) {
      const target = isJsonObject(child) ? graph.nodes.get(child) : undefined;
      if (target === undefined) continue;
      edges.push({ parent, path: [keyword, ...path], target, isFollowed: FOLLOWED.has(keyword) });
    }
  }
  const keyword = Object.keys(parent.schema).find((name) => isReference(name, parent.draft)) ?? "$ref";
  const { $ref } = parent.schema;
  const followed = typeof $ref === "string" ? resolveRootReference(graph.root.schema, $ref) : undefined;
  for (const target of parent.targets) {
    if (typeof target === "boolean") continue;
    edges.push({ parent, path: [keyword], target, isFollowed: followed === target.schema });
  }
  return edges;
}

/** Returns the targets, and all nodes from which a target can be reached. */
function findAncestors(targets: readonly SchemaNode[], edges: readonly Edge[]): ReadonlySet<SchemaNode> {
  const parents = Map.groupBy(edges, ({ target }) => target);
  const found = new Set(targets);
  // Iterating over a set also visits the nodes that are added during the iteration.
  for (const node of found) for (const { parent } of parents.get(node) ?? []) found.add(parent);
  return found;
}
