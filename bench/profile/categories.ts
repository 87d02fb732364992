import type { HeapProfiler, Profiler } from "node:inspector";

/** A part of the server's work. */
export type Category =
  | "HTTP"
  | "routing, authentication, rights"
  | "validation"
  | "JSON"
  | "queue and use cases"
  | "database driver"
  | "logs and metrics"
  | "garbage collector"
  | "system calls and Node"
  | "other";

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

/**
 * Rules that assign a category to a frame by its function or file. The first rule that matches
 * applies.
 */
const RULES: readonly (readonly [Category, (frame: Frame) => boolean])[] = [
  ["garbage collector", ({ functionName }) => functionName === "(garbage collector)"],
  ["system calls and Node", ({ functionName }) => functionName === "(program)"],
  ["JSON", ({ functionName, url }) => url === "" && /^(parse|stringify|rawJSON)$/.test(functionName)],
  ["JSON", ({ url }) => /raw-json|json-body|protocol\/json|fast-json-stringify|secure-json-parse/.test(url)],
  ["validation", ({ url }) => /\/ajv|\/zod\/|dist\/server\/schemas\//.test(url)],
  [
    "logs and metrics",
    ({ url }) => /\/pino|sonic-boom|prom-client|dist\/server\/prometheus|request-log|opentelemetry/.test(url),
  ],
  [
    "database driver",
    ({ url }) => /\/pg\/|\/pg-|\/kysely\/|dist\/server\/storage\/(sessions|sql)\//.test(url),
  ],
  [
    "routing, authentication, rights",
    ({ url }) => /dist\/server\/(auth|http)\/|access\.js|\/jose\/|find-my-way/.test(url),
  ],
  ["queue and use cases", ({ url }) => /dist\/server\/|dist\/protocol\//.test(url)],
  ["HTTP", ({ url }) => /node:(_?http|net|internal\/(http|streams?|stream_base))|\/fastify\//.test(url)],
];

function findCategory(frame: Frame): Category | undefined {
  return RULES.find(([, matches]) => matches(frame))?.[0];
}

/**
 * A node of a profile with its own cost, which does not include the cost of the functions that it
 * calls.
 */
interface CostNode {
  readonly frame: Frame;
  readonly cost: number;
  readonly children: readonly CostNode[];
}

/**
 * Adds up the costs by category. A frame that has no category, for example of a built-in function,
 * has the category of its caller.
 */
function sumCosts(root: CostNode): ReadonlyMap<Category, number> {
  const sums = new Map<Category, number>();
  const visit = ({ frame, cost, children }: CostNode, inherited: Category): void => {
    const category = findCategory(frame) ?? inherited;
    if (frame.functionName !== "(idle)") sums.set(category, (sums.get(category) ?? 0) + cost);
    for (const child of children) visit(child, category);
  };
  visit(root, "other");
  return sums;
}

/** Returns the CPU time by category in microseconds, without idle time. */
export function sumCpuTime({
  nodes,
  samples = [],
  timeDeltas = [],
}: Profiler.Profile): ReadonlyMap<Category, number> {
  const costs = new Map<number, number>();
  for (const [index, id] of samples.entries()) costs.set(id, (costs.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const build = (node: Profiler.ProfileNode): CostNode => ({
    frame: node.callFrame,
    cost: costs.get(node.id) ?? 0,
    children: (node.children ?? []).flatMap((id) => byId.get(id) ?? []).map(build),
  });
  const [root] = nodes;
  return root === undefined ? new Map() : sumCosts(build(root));
}

/** Returns the number of allocated bytes by category. */
export function sumAllocations({ head }: HeapProfiler.SamplingHeapProfile): ReadonlyMap<Category, number> {
  const build = (node: HeapProfiler.SamplingHeapProfileNode): CostNode => ({
    frame: node.callFrame,
    cost: node.selfSize,
    children: node.children.map(build),
  });
  return sumCosts(build(head));
}
