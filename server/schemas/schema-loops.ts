import type { SchemaError } from "./schema-error.ts";
import { getPointer, type SchemaGraph, type SchemaNode } from "./schema-graph.ts";

/** How many subschemas may be applied to one single value, references and branches followed. */
export const MAX_SUBSCHEMAS_PER_VALUE = 10_000;

/**
 * Refuses references that come back to where they started without going into the value, which would never
 * end, and those that double at every level: what one value costs is the sum over its branches.
 */
export function findLoops(graph: SchemaGraph): SchemaError[] {
  const costs = new Map<SchemaNode, number>();
  const open = new Set<SchemaNode>();
  for (const start of graph.nodes.values()) {
    const path: { node: SchemaNode; next: SchemaNode[] }[] = [];
    const enter = (node: SchemaNode) => {
      open.add(node);
      path.push({ node, next: appliedHere(node) });
    };
    if (!costs.has(start)) enter(start);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const child = step.next.pop();
      if (child === undefined) {
        open.delete(step.node);
        path.pop();
        const cost = appliedHere(step.node).reduce((sum, part) => sum + (costs.get(part) ?? 0), 1);
        if (cost > MAX_SUBSCHEMAS_PER_VALUE) {
          const detail = `applies more than ${MAX_SUBSCHEMAS_PER_VALUE} subschemas to one value`;
          return [{ pointer: getPointer(step.node), detail }];
        }
        costs.set(step.node, cost);
      } else if (open.has(child)) {
        return [{ pointer: getPointer(child), detail: "refers to itself without going into the value" }];
      } else if (!costs.has(child)) enter(child);
    }
  }
  return [];
}

function appliedHere(node: SchemaNode): SchemaNode[] {
  const branches = node.children.filter(({ where }) => where === "here").map((child) => child.node);
  return [...branches, ...node.targets.filter((target) => typeof target === "object")];
}
