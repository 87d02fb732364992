import { type Draft, getDraft, ignoresSiblings } from "../../protocol/schema-drafts.ts";
import {
  extendPointer,
  isJsonObject,
  type JsonObject,
  type SchemaError,
  truncateText,
} from "./schema-error.ts";
import { getApplicator, type InstanceLocation, isReference } from "./schema-keywords.ts";
import { getFragment, type SchemaResource, SchemaResources } from "./schema-resources.ts";

/** One subschema, and what it leads to. */
export interface SchemaNode {
  schema: JsonObject;
  parent: SchemaNode | undefined;
  path: readonly (string | number)[];
  draft: Draft;
  children: { node: SchemaNode; where: InstanceLocation }[];
  /** What its reference keywords resolve to, in their order. */
  targets: (SchemaNode | boolean)[];
}

/** A schema document read once: every subschema by identity, all references resolved. */
export interface SchemaGraph {
  root: SchemaNode;
  nodes: ReadonlyMap<JsonObject, SchemaNode>;
  faults: SchemaError[];
}

/** The most subschemas, and references, that one schema may have. */
export const GRAPH_LIMITS = { nodes: 1000, references: 2000, faults: 20 } as const;

interface Reference {
  node: SchemaNode;
  keyword: string;
  reference: unknown;
}

/** A target, or the sentence that says why there is none. */
type Resolved = SchemaNode | boolean | string;

/** The JSON Pointer of a subschema in its document. */
export function getPointer(node: SchemaNode): string {
  const path: (string | number)[] = [];
  for (let at: SchemaNode | undefined = node; at !== undefined; at = at.parent) path.unshift(...at.path);
  return extendPointer("", ...path);
}

/** Reads a document whose size and depth are already bounded; what it refuses is in `faults`. */
export function readSchemaGraph(schema: JsonObject, draft: Draft): SchemaGraph {
  const reader = new GraphReader(schema, draft);
  return { root: reader.root, nodes: reader.nodes, faults: reader.faults };
}

class GraphReader {
  readonly nodes = new Map<JsonObject, SchemaNode>();
  readonly faults: SchemaError[] = [];
  readonly root: SchemaNode;
  readonly #resources = new SchemaResources();
  readonly #resourceOf = new Map<SchemaNode, SchemaResource>();
  readonly #unread: SchemaNode[] = [];
  readonly #references: Reference[] = [];

  constructor(schema: JsonObject, draft: Draft) {
    this.root = this.#enter(schema, { path: [], draft });
    this.#readAll();
    // Resolving may find a schema in a place that no known keyword names (`#/components/…`), with its own references.
    for (let index = 0; index < this.#references.length; index += 1) {
      const entry = this.#references[index];
      if (entry === undefined || index >= GRAPH_LIMITS.references) {
        this.#refuse(this.root, `has more than ${GRAPH_LIMITS.references} references`);
        return;
      }
      this.#resolve(entry);
      this.#readAll();
    }
  }

  #refuse(node: SchemaNode, detail: string, ...path: (string | number)[]): void {
    if (this.faults.length >= GRAPH_LIMITS.faults) return;
    this.faults.push({ pointer: extendPointer(getPointer(node), ...path), detail });
  }

  #enter(
    schema: JsonObject,
    { parent, path, draft }: { parent?: SchemaNode; path: readonly (string | number)[]; draft: Draft },
  ): SchemaNode {
    const known = this.nodes.get(schema);
    if (known !== undefined) return known;
    const node: SchemaNode = { schema, parent, path, draft, children: [], targets: [] };
    this.nodes.set(schema, node);
    this.#resourceOf.set(node, this.#resources.enter(node, parent && this.#resourceOf.get(parent)));
    if (this.nodes.size === GRAPH_LIMITS.nodes + 1) {
      this.#refuse(node, `is one of more than ${GRAPH_LIMITS.nodes} subschemas`);
    }
    this.#unread.push(node);
    return node;
  }

  #enterChild(schema: JsonObject, parent: SchemaNode, path: readonly (string | number)[]): SchemaNode {
    // A bundled document keeps the draft that it names.
    const isNamed = schema["$schema"] !== undefined && schema["$id"] !== undefined;
    const named = isNamed ? getDraft(schema) : undefined;
    return this.#enter(schema, { parent, path, draft: named ?? parent.draft });
  }

  #readAll(): void {
    for (let node = this.#unread.pop(); node !== undefined; node = this.#unread.pop()) {
      if (this.nodes.size > GRAPH_LIMITS.nodes) return;
      this.#read(node);
    }
  }

  #read(node: SchemaNode): void {
    const isOnlyReference = ignoresSiblings(node.schema, node.draft);
    for (const [keyword, value] of Object.entries(node.schema)) {
      if (isReference(keyword, node.draft)) this.#references.push({ node, keyword, reference: value });
      const applicator = getApplicator(keyword, node.draft);
      if (applicator === undefined) continue;
      const isMap = applicator.form === "map" || applicator.form === "map or names";
      const entries = isMap || Array.isArray(value) ? listEntries(value) : [[undefined, value] as const];
      for (const [token, child] of entries) {
        if (!isJsonObject(child)) continue;
        const path = token === undefined ? [keyword] : [keyword, token];
        const where = isOnlyReference ? "nowhere" : applicator.where;
        node.children.push({ node: this.#enterChild(child, node, path), where });
      }
    }
  }

  #resolve({ node, keyword, reference }: Reference): void {
    const target = this.#findTarget(node, keyword, reference);
    if (typeof target === "string") this.#refuse(node, target, keyword);
    else node.targets.push(target);
  }

  #findTarget(node: SchemaNode, keyword: string, reference: unknown): Resolved {
    if (typeof reference !== "string") return "must be a string";
    const shown = truncateText(JSON.stringify(reference));
    const base = this.#resourceOf.get(node);
    const isWithinResource = reference.startsWith("#");
    const resource = base === undefined || isWithinResource ? base : this.#resources.find(reference, base);
    if (resource === undefined) {
      return `refers to ${shown}, which is not in this schema; copy it into $defs and refer to "#/$defs/…"`;
    }
    if (!isWithinResource && this.#resources.isAmbiguous(resource)) {
      return `refers to ${shown}, which is the $id of several subschemas; give each its own`;
    }
    const fragment = getFragment(reference);
    const target = this.#find(resource, fragment) ?? this.#findInDocument(fragment);
    if (target === undefined) return `refers to ${shown}, which is not there; correct the reference`;
    if (typeof target === "boolean") return target;
    if (this.#resources.isAmbiguous(target) && !fragment.startsWith("/") && fragment !== "") {
      return `refers to ${shown}, an anchor of several subschemas; give each its own`;
    }
    if (keyword === "$dynamicRef") return this.#findDynamic(resource, fragment) ?? target;
    return keyword === "$recursiveRef" ? this.#findRecursive(resource, target) : target;
  }

  /**
   * A dynamic reference leads to the anchor of the outermost resource that was entered on the way, which is the document
   * itself if it has that anchor. If it has not, and several others have, each way in would need its own copy.
   */
  #findDynamic(resource: SchemaResource, name: string): Resolved | undefined {
    if (!resource.dynamicAnchors.has(name)) return undefined;
    const candidates = this.#resources.withDynamicAnchor(name);
    const outermost = candidates.find(({ root }) => root === this.root) ?? candidates[0];
    if (outermost?.root !== this.root && candidates.length > 1) {
      return "depends on which of several resources it is reached through; give the root the same $dynamicAnchor";
    }
    return outermost?.dynamicAnchors.get(name);
  }

  #findRecursive(resource: SchemaResource, target: SchemaNode): Resolved {
    if (resource.root.schema["$recursiveAnchor"] !== true) return target;
    if (this.root.schema["$recursiveAnchor"] === true) return this.root;
    if (this.#resources.withRecursiveAnchor().length === 1) return target;
    return "depends on which of several resources it is reached through; give the root a $recursiveAnchor";
  }

  // Generators write `$id` for a mere name, and refer to the definitions of the document from below it.
  #findInDocument(fragment: string): SchemaNode | boolean | undefined {
    const document = this.#resourceOf.get(this.root);
    return document === undefined || fragment === "" ? undefined : this.#find(document, fragment);
  }

  #find(resource: SchemaResource, fragment: string): SchemaNode | boolean | undefined {
    if (fragment === "") return resource.root;
    const decoded = decode(fragment);
    if (!fragment.startsWith("/")) return resource.anchors.get(decoded);
    // A name may contain a percent sign that its reference does not escape.
    return this.#findByPointer(resource, decoded) ?? this.#findByPointer(resource, fragment);
  }

  #findByPointer({ root }: SchemaResource, pointer: string): SchemaNode | boolean | undefined {
    const path: string[] = [];
    let value: unknown = root.schema;
    for (const token of pointer.split("/").slice(1)) {
      const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
      value = Reflect.get(value, name);
      path.push(name);
    }
    if (typeof value === "boolean") return value;
    return isJsonObject(value) ? this.#enterChild(value, root, path) : undefined;
  }
}

function listEntries(value: unknown): (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  return isJsonObject(value) ? Object.entries(value) : [];
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
