import type { SchemaError } from "./schema-error.ts";
import { getPointer, type SchemaGraph } from "./schema-graph.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Maximum number of subschemas that are applied to one value, through all references and branches. */
export const MAX_SUBSCHEMAS_PER_VALUE = 10_000;

/**
 * Finds references that cause too much work: those that lead back to themselves without descending into the
 * value, because validation would not end, and those that double the work at every level. The cost of a value
 * is the sum over all branches.
 */
export function findLoops(graph: SchemaGraph): SchemaError[] {
  const costs = new Map<SchemaNode, number>();
  const open = new Set<SchemaNode>();
  for (const start of graph.nodes.values()) {
    const path: { node: SchemaNode; next: SchemaNode[] }[] = [];
    const enter = (node: SchemaNode) => {
      open.add(node);
      path.push({ node, next: listAppliedToValue(node) });
    };
    if (!costs.has(start)) enter(start);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const child = step.next.pop();
      if (child === undefined) {
        open.delete(step.node);
        path.pop();
        const cost = listAppliedToValue(step.node).reduce((sum, part) => sum + (costs.get(part) ?? 0), 1);
        if (cost > MAX_SUBSCHEMAS_PER_VALUE) {
          const detail = `applies more than ${MAX_SUBSCHEMAS_PER_VALUE} subschemas to one value; simplify the schema`;
          return [{ pointer: getPointer(step.node), detail }];
        }
        costs.set(step.node, cost);
      } else if (open.has(child)) {
        return [
          {
            pointer: getPointer(child),
            detail:
              "refers to itself without descending into the value; put the reference below properties or items",
          },
        ];
      } else if (!costs.has(child)) enter(child);
    }
  }
  return [];
}

function listAppliedToValue(node: SchemaNode): SchemaNode[] {
  const branches = node.children.filter(({ location }) => location === "value").map((child) => child.node);
  return [...branches, ...node.targets.filter((target) => typeof target === "object")];
}
