import { ignoresSiblings, isNullable, modernizeSchema } from "../../protocol/schema-drafts.ts";
import { isJsonObject, type JsonObject } from "./schema-error.ts";
import type { SchemaGraph, SchemaNode } from "./schema-graph.ts";
import { type Applicator, getApplicator, type InstanceLocation, isAssertion } from "./schema-keywords.ts";
import { STEPS_KEYWORD, type StepCost } from "./step-meter.ts";

const oneStep: StepCost = { base: 1, perItem: 0, perKey: 0, text: false };

/**
 * Rewrites a schema of any draft for Ajv's 2020-12: only keywords that constrain, every reference a plain index, and in
 * each subschema what it costs. So no name that a stranger chose reaches Ajv's own resolving, its registry of ids or its
 * extensions (`nullable`, `discriminator`, `id`, `$data`, `$async`), and what the limits have read is what runs.
 */
export function prepareSchema(graph: SchemaGraph): JsonObject {
  return new Preparation(graph).document();
}

class Preparation {
  readonly #graph: SchemaGraph;
  readonly #shared = new Map<SchemaNode, number>();
  readonly #waiting: SchemaNode[] = [];
  readonly #perLook: number;

  constructor(graph: SchemaGraph) {
    this.#graph = graph;
    this.#perLook = getUnevaluatedCost(graph);
    // What has more than one way in is compiled once, as a function of its own.
    for (const node of graph.nodes.values()) {
      for (const target of node.targets) if (typeof target === "object") this.#share(target);
    }
  }

  document(): JsonObject {
    const root = this.#place(this.#graph.root.schema, "here");
    const $defs: JsonObject = {};
    for (let node = this.#waiting.shift(); node !== undefined; node = this.#waiting.shift()) {
      $defs[`s${this.#shared.get(node)}`] = this.#write(node);
    }
    return { allOf: [root], $defs };
  }

  #share(node: SchemaNode): number {
    const known = this.#shared.get(node);
    if (known !== undefined) return known;
    const index = this.#shared.size;
    this.#shared.set(node, index);
    this.#waiting.push(node);
    return index;
  }

  #place(value: unknown, where: InstanceLocation): unknown {
    const node = isJsonObject(value) ? this.#graph.nodes.get(value) : undefined;
    if (node === undefined) return value;
    // Below a name that only the payload knows, Ajv would escape that name for every branch; in a function it is done once.
    const isShared = this.#shared.has(node) || where === "key";
    return isShared ? this.#reference(node) : this.#write(node);
  }

  #reference(target: SchemaNode | boolean): JsonObject | boolean {
    if (typeof target === "boolean") return target;
    const $ref = `#/$defs/s${this.#share(target)}`;
    return { [STEPS_KEYWORD]: oneStep, $ref };
  }

  #write(node: SchemaNode): JsonObject {
    const written = this.#writeKeywords(node);
    if (!isNullable(node.schema, node.draft) || Object.keys(written).length === 0) return written;
    return { [STEPS_KEYWORD]: oneStep, anyOf: [{ [STEPS_KEYWORD]: oneStep, type: "null" }, written] };
  }

  #writeKeywords({ schema, draft, targets }: SchemaNode): JsonObject {
    const known = Object.entries(schema).filter(
      ([keyword]) => isAssertion(keyword, draft) || getApplicator(keyword, draft) !== undefined,
    );
    const isOnlyReference = ignoresSiblings(schema, draft);
    const written: JsonObject = {};
    for (const [keyword, value] of Object.entries(modernizeSchema(Object.fromEntries(known), draft))) {
      if (isOnlyReference) break;
      const applicator = getApplicator(keyword, "2020-12");
      if (applicator === undefined) written[keyword] = value;
      else if (applicator.where !== "nowhere") written[keyword] = this.#writeHeld(value, applicator);
    }
    if ("if" in written && this.#perLook > 0) {
      // Without them, Ajv leaves `if` out, and with it the names that `if` has evaluated.
      for (const branch of ["then", "else"]) written[branch] ??= { [STEPS_KEYWORD]: oneStep };
    }
    const references = targets.map((target) => this.#reference(target));
    if (references.length > 0) {
      const all = Array.isArray(written["allOf"]) ? written["allOf"] : [];
      written["allOf"] = [...references, ...all];
    }
    // An empty subschema stays empty: Ajv then leaves out the loop around it.
    return Object.keys(written).length === 0
      ? written
      : { [STEPS_KEYWORD]: this.#costOf(written), ...written };
  }

  #writeHeld(value: unknown, { where, form }: Applicator): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#place(item, where));
    if (form !== "map" || !isJsonObject(value)) return this.#place(value, where);
    return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, this.#place(held, where)]));
  }

  #costOf(written: JsonObject): StepCost {
    const has = (...keywords: string[]) => keywords.filter((keyword) => keyword in written).length;
    const members = getSize(written["properties"]);
    let base = 1 + this.#perLook;
    for (const value of Object.values(written)) base += 1 + (getSize(value) >> 2);
    for (const branches of ["allOf", "anyOf", "oneOf", "dependentSchemas"]) {
      base += getSize(written[branches]);
    }
    const loops = has("additionalProperties", "unevaluatedProperties") * (1 + (members >> 4));
    return {
      base: base + (members >> 1),
      perItem: has("items", "prefixItems", "unevaluatedItems", "contains", "uniqueItems"),
      perKey:
        loops +
        has("propertyNames", "minProperties", "maxProperties") +
        getSize(written["patternProperties"]) +
        Math.min(1, this.#perLook),
      text: has("minLength", "maxLength") > 0,
    };
  }
}

/** With `unevaluated…`, Ajv carries the names it has seen from every branch to the next. */
function getUnevaluatedCost(graph: SchemaGraph): number {
  let isUsed = false;
  let names = 0;
  for (const { schema } of graph.nodes.values()) {
    isUsed ||= usesUnevaluated(schema);
    names += getSize(schema["properties"]);
  }
  return isUsed ? 1 + (names >> 3) : 0;
}

/** Whether a subschema asks which members or items no other keyword has looked at. */
export function usesUnevaluated(schema: JsonObject): boolean {
  return "unevaluatedProperties" in schema || "unevaluatedItems" in schema;
}

function getSize(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
