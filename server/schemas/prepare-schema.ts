import { ignoresSiblings, isNullable, modernizeSchema } from "../../protocol/schema/drafts.ts";
import { type Applicator, getApplicator, type InstanceLocation, isMap, pickKeywords } from "./keywords.ts";
import { STEPS_KEYWORD } from "./linear-keywords.ts";
import { isJsonObject, type JsonObject } from "./schema-error.ts";
import type { SchemaGraph } from "./schema-graph.ts";
import type { SchemaNode } from "./schema-resources.ts";
import type { StepCost } from "./step-meter.ts";

const ONE_STEP: StepCost = { base: 1, perItem: 0, perKey: 0, text: false };

/**
 * Rewrites a schema of any draft as draft 2020-12 for Ajv. The result contains only keywords that
 * constrain values, references by index, and the step cost of each subschema. As a result,
 * untrusted input cannot use Ajv's own resolution of references and ids or its extensions
 * (`nullable`, `$data`, `$async` …), and Ajv runs exactly the schema that was checked.
 */
export function prepareSchema(graph: SchemaGraph): JsonObject {
  return new SchemaWriter(graph).writeDocument();
}

class SchemaWriter {
  readonly #graph: SchemaGraph;
  /** The subschemas that are compiled as separate functions, with their indexes in `$defs`. */
  readonly #shared = new Map<SchemaNode, number>();
  readonly #stepsPerValue: number;

  constructor(graph: SchemaGraph) {
    this.#graph = graph;
    this.#stepsPerValue = getUnevaluatedCost(graph);
    // The target of a reference is compiled once, as a separate function.
    for (const node of graph.nodes.values()) {
      for (const target of node.targets) if (typeof target === "object") this.#share(target);
    }
  }

  writeDocument(): JsonObject {
    const root = this.#writeValue(this.#graph.root.schema, "value");
    const $defs: JsonObject = {};
    // Writing a subschema can add entries to `#shared`, which this loop visits too.
    for (const [node, index] of this.#shared) $defs[`s${index}`] = this.#write(node);
    return { allOf: [root], $defs };
  }

  #share(node: SchemaNode): number {
    const index = this.#shared.get(node) ?? this.#shared.size;
    this.#shared.set(node, index);
    return index;
  }

  #writeValue(value: unknown, location: InstanceLocation): unknown {
    const node = isJsonObject(value) ? this.#graph.nodes.get(value) : undefined;
    if (node === undefined) return value;
    // Ajv escapes the name of a dynamic property in every branch of an inlined subschema, but only
    // once if the subschema is a separate function.
    const isShared = this.#shared.has(node) || location === "dynamic-property";
    return isShared ? this.#writeReference(node) : this.#write(node);
  }

  #writeReference(target: SchemaNode | boolean): JsonObject | boolean {
    if (typeof target === "boolean") return target;
    const $ref = `#/$defs/s${this.#share(target)}`;
    return { [STEPS_KEYWORD]: ONE_STEP, $ref };
  }

  #write(node: SchemaNode): JsonObject {
    const written = this.#writeKeywords(node);
    if (!isNullable(node.schema, node.draft) || Object.keys(written).length === 0) return written;
    return { [STEPS_KEYWORD]: ONE_STEP, anyOf: [{ [STEPS_KEYWORD]: ONE_STEP, type: "null" }, written] };
  }

  #writeKeywords({ schema, draft, targets }: SchemaNode): JsonObject {
    const keywords = ignoresSiblings(schema, draft) ? {} : pickKeywords(schema, draft);
    const written: JsonObject = {};
    for (const [keyword, value] of Object.entries(modernizeSchema(keywords, draft))) {
      const applicator = getApplicator(keyword, "2020-12");
      if (applicator === undefined) written[keyword] = value;
      else if (applicator.location !== "none") written[keyword] = this.#writeSubschemas(value, applicator);
    }
    if ("if" in written && this.#stepsPerValue > 0) {
      // Adds `then` and `else`, because Ajv ignores an `if` without them, and would not collect the
      // property names that `if` evaluates.
      for (const branch of ["then", "else"]) written[branch] ??= { [STEPS_KEYWORD]: ONE_STEP };
    }
    const references = targets.map((target) => this.#writeReference(target));
    if (references.length > 0) written["allOf"] = [...references, ...[written["allOf"] ?? []].flat()];
    // An empty subschema stays empty, so that Ajv generates no loop to apply it.
    return Object.keys(written).length === 0
      ? written
      : { [STEPS_KEYWORD]: this.#getCost(written), ...written };
  }

  #writeSubschemas(value: unknown, applicator: Applicator): unknown {
    const { location } = applicator;
    if (Array.isArray(value)) return value.map((item) => this.#writeValue(item, location));
    if (!isMap(applicator) || !isJsonObject(value)) return this.#writeValue(value, location);
    const written = Object.entries(value).map(([name, item]) => [name, this.#writeValue(item, location)]);
    return Object.fromEntries(written);
  }

  #getCost(written: JsonObject): StepCost {
    const count = (...keywords: string[]) => keywords.filter((keyword) => keyword in written).length;
    const members = getSize(written["properties"]);
    let base = 1 + this.#stepsPerValue;
    for (const value of Object.values(written)) base += 1 + (getSize(value) >> 2);
    for (const branches of ["allOf", "anyOf", "oneOf", "dependentSchemas"]) {
      base += getSize(written[branches]);
    }
    let perKey = count("additionalProperties", "unevaluatedProperties") * (1 + (members >> 4));
    perKey += count("propertyNames", "minProperties", "maxProperties");
    perKey += getSize(written["patternProperties"]) + Math.min(1, this.#stepsPerValue);
    return {
      base: base + (members >> 1),
      perItem: count("items", "prefixItems", "unevaluatedItems", "contains", "uniqueItems"),
      perKey,
      text: count("minLength", "maxLength") > 0,
    };
  }
}

/**
 * Returns the additional steps per value for `unevaluatedProperties` and `unevaluatedItems`: Ajv
 * copies the names of the evaluated properties at every branch.
 */
function getUnevaluatedCost(graph: SchemaGraph): number {
  const schemas = [...graph.nodes.keys()];
  if (!schemas.some(usesUnevaluated)) return 0;
  return 1 + (schemas.reduce((sum, { properties }) => sum + getSize(properties), 0) >> 3);
}

export function usesUnevaluated(schema: JsonObject): boolean {
  return "unevaluatedProperties" in schema || "unevaluatedItems" in schema;
}

function getSize(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
