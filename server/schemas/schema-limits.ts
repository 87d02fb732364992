import { getDraft } from "../../protocol/schema/drafts.ts";
import { countDigits, isRawNumber } from "../../protocol/schema/exact-json.ts";
import { findKeywordErrors } from "./keywords.ts";
import { findPatternError } from "./patterns/linear-regexp.ts";
import { roundNumbers } from "./round-numbers.ts";
import {
  extendPointer,
  InvalidSchemaError,
  isJsonObject,
  type JsonObject,
  type SchemaError,
} from "./schema-error.ts";
import { GRAPH_LIMITS, getPointer, SchemaGraph } from "./schema-graph.ts";
import type { SchemaNode } from "./schema-resources.ts";

/** The purpose of a schema. A payload is always an object; a result can be any JSON value. */
export type SchemaUse = "payload" | "result";

/** Limits that are checked before the schema is interpreted. */
const JSON_LIMITS = { characters: 256 * 1024, depth: 64, nodes: 10_000 };

/**
 * Maximum number of subschemas that are applied to a single value, including those in references
 * and branches.
 */
const MAX_SUBSCHEMAS_PER_VALUE = 10_000;

// Limits of a schema that is compiled on the event loop instead of in a thread. In a new process,
// Ajv takes up to 1 ms for each subschema, and RE2 takes up to 10 ms for a short pattern.
const LIGHT_SCHEMA = { characters: 16 * 1024, values: 600, subschemas: 64, patternCharacters: 400 };

/** Throws `InvalidSchemaError` if the schema is malformed or exceeds a limit. */
export function readBoundedSchema(original: JsonObject, use: SchemaUse): SchemaGraph {
  const { error } = measureJson(original);
  if (error !== undefined) throw new InvalidSchemaError([error]);
  const schema = roundNumbers(original);
  const draft = getDraft(schema);
  if (draft === undefined) {
    const detail = "names a draft that is not supported; use https://json-schema.org/draft/2020-12/schema";
    throw new InvalidSchemaError([{ pointer: "/$schema", detail }]);
  }
  const graph = new SchemaGraph(schema, draft);
  throwErrors(graph.errors);
  throwErrors(findMalformedKeywords(graph));
  const costs = new Map<SchemaNode, number>();
  for (const node of graph.nodes.values()) checkCost(node, costs);
  throwErrors(findPatternErrors(graph));
  if (use === "payload" && !allowsObject(graph.root)) {
    const detail =
      'must be or include "object", because a payload is always an object; put the value into a property';
    throw new InvalidSchemaError([{ pointer: "/type", detail }]);
  }
  return graph;
}

/** Returns true if a schema is small enough to compile on the event loop, as most schemas are. */
export function isLight(schema: JsonObject): boolean {
  const { nodes, characters, error } = measureJson(schema);
  if (error !== undefined || nodes > LIGHT_SCHEMA.values || characters > LIGHT_SCHEMA.characters)
    return false;
  const graph = new SchemaGraph(roundNumbers(schema), getDraft(schema) ?? "unnamed");
  if (graph.nodes.size > LIGHT_SCHEMA.subschemas) return false;
  const patterns = [...graph.nodes.values()].flatMap(listPatterns).map(({ pattern }) => pattern);
  return patterns.join("").length <= LIGHT_SCHEMA.patternCharacters;
}

/**
 * Counts the values and characters of a JSON value. Stops when a limit is exceeded. Does not use
 * recursion, which could overflow the stack.
 */
export function measureJson(root: unknown): { nodes: number; characters: number; error?: SchemaError } {
  const stack = [{ value: root, depth: 1 }];
  let nodes = 0;
  let characters = 0;
  const exceed = (detail: string, pointer = "") => ({ nodes, characters, error: { pointer, detail } });

  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { value, depth } = visit;
    nodes += 1;
    if (depth > JSON_LIMITS.depth)
      return exceed(`is nested deeper than ${JSON_LIMITS.depth} levels; simplify the schema`);
    if (typeof value === "string") characters += value.length + 2;
    else if (isRawNumber(value)) characters += countDigits(value.rawJSON);
    else if (typeof value !== "object" || value === null) characters += 4;
    else {
      const keys = Object.keys(value);
      if (nodes + stack.length + keys.length > JSON_LIMITS.nodes)
        return exceed(`has more than ${JSON_LIMITS.nodes} values; simplify the schema`);
      characters += 2;
      for (const key of keys) {
        // Ajv ignores a property with this name, so its constraints would silently not apply.
        if (key === "__proto__") return exceed("must not be named __proto__; rename it", "/__proto__");
        if (!Array.isArray(value)) characters += key.length + 4;
        stack.push({ value: Reflect.get(value, key), depth: depth + 1 });
      }
    }
    if (characters > JSON_LIMITS.characters)
      return exceed(`is larger than ${JSON_LIMITS.characters / 1024} KiB; simplify the schema`);
  }
  return { nodes, characters };
}

function throwErrors(found: Iterable<SchemaError>): void {
  const errors: SchemaError[] = [];
  for (const error of found) {
    errors.push(error);
    if (errors.length === GRAPH_LIMITS.errors) break;
  }
  if (errors.length > 0) throw new InvalidSchemaError(errors);
}

function* findMalformedKeywords(graph: SchemaGraph): Generator<SchemaError> {
  for (const node of graph.nodes.values()) {
    for (const { pointer, detail } of findKeywordErrors(node.schema, node.draft)) {
      yield { pointer: getPointer(node) + pointer, detail };
    }
  }
}

function* findPatternErrors(graph: SchemaGraph): Generator<SchemaError> {
  for (const node of graph.nodes.values()) {
    for (const { pattern, path } of listPatterns(node)) {
      const detail = findPatternError(pattern);
      if (detail !== undefined) yield { pointer: extendPointer(getPointer(node), ...path), detail };
    }
  }
}

function listPatterns({ schema: { pattern, patternProperties } }: SchemaNode) {
  const found = typeof pattern === "string" ? [{ pattern, path: ["pattern"] }] : [];
  const names = isJsonObject(patternProperties) ? Object.keys(patternProperties) : [];
  return [...found, ...names.map((name) => ({ pattern: name, path: ["patternProperties", name] }))];
}

/**
 * Returns the number of subschemas that are applied to one value, through all branches and
 * references. Throws `InvalidSchemaError` if a subschema is applied to the same value again through
 * its references, because validation would not end. Also throws if the number exceeds the maximum:
 * references can double it at every level. `costs` contains NaN for subschemas whose cost is being
 * computed.
 */
function checkCost(node: SchemaNode, costs: Map<SchemaNode, number>): number {
  const known = costs.get(node);
  if (Number.isNaN(known)) {
    const detail =
      "refers to itself for the same value, so validation would never end; move the reference into properties or items";
    throw new InvalidSchemaError([{ pointer: getPointer(node), detail }]);
  }
  if (known !== undefined) return known;
  costs.set(node, Number.NaN);
  let cost = 1;
  for (const part of [...node.branches, ...node.targets]) {
    if (typeof part === "object") cost += checkCost(part, costs);
  }
  if (cost > MAX_SUBSCHEMAS_PER_VALUE) {
    const detail = `applies more than ${MAX_SUBSCHEMAS_PER_VALUE} subschemas to one value; simplify the schema`;
    throw new InvalidSchemaError([{ pointer: getPointer(node), detail }]);
  }
  costs.set(node, cost);
  return cost;
}

// Returns true if the declared types of a schema allow an object. Does not detect contradictions
// between the schemas of an `allOf`, which would require a solver.
function allowsObject(root: SchemaNode): boolean {
  for (let node: SchemaNode | boolean | undefined = root; typeof node === "object"; node = node.targets[0]) {
    if (![node.schema["type"] ?? "object"].flat().includes("object")) return false;
  }
  return true;
}
