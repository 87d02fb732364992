import { type Draft, getDraft, ignoresSiblings } from "../../protocol/schema/drafts.ts";
import { getApplicator, isMap, isReference } from "./keywords.ts";
import {
  extendPointer,
  isJsonObject,
  type JsonObject,
  type SchemaError,
  truncateText,
} from "./schema-error.ts";
import { getFragment, type SchemaNode, type SchemaResource, SchemaResources } from "./schema-resources.ts";

/** Maximum numbers of subschemas and references of a schema, and of reported errors. */
export const GRAPH_LIMITS = { nodes: 1000, references: 2000, errors: 20 } as const;

/** The target of a reference, or an error message if the reference cannot be resolved. */
type Resolution = SchemaNode | boolean | string;

export function getPointer(node: SchemaNode): string {
  return extendPointer("", ...node.path);
}

/**
 * The subschemas of a schema document with the targets of their references. The size and depth of
 * the document are limited.
 */
export class SchemaGraph {
  readonly nodes = new Map<JsonObject, SchemaNode>();
  readonly errors: SchemaError[] = [];
  readonly root: SchemaNode;
  readonly #resources = new SchemaResources();
  readonly #resourceByNode = new Map<SchemaNode, SchemaResource>();
  readonly #unread: SchemaNode[] = [];
  readonly #references: { node: SchemaNode; keyword: string; reference: unknown }[] = [];

  constructor(schema: JsonObject, draft: Draft) {
    this.root = this.#enter(schema, [], draft);
    this.#readAll();
    // The target of a reference can be outside all known keywords, for example in `#/components/…`.
    // It is then added to the graph, and the loop also visits its references.
    for (const [index, { node, keyword, reference }] of this.#references.entries()) {
      if (index >= GRAPH_LIMITS.references) {
        this.#addError(this.root, `has more than ${GRAPH_LIMITS.references} references; simplify the schema`);
        return;
      }
      const target = this.#findTarget(node, keyword, reference);
      if (typeof target === "string") this.#addError(node, target, keyword);
      else node.targets.push(target);
      this.#readAll();
    }
  }

  #addError(node: SchemaNode, detail: string, ...path: (string | number)[]): void {
    if (this.errors.length >= GRAPH_LIMITS.errors) return;
    this.errors.push({ pointer: extendPointer(getPointer(node), ...path), detail });
  }

  #enter(
    schema: JsonObject,
    path: readonly (string | number)[],
    draft: Draft,
    parent?: SchemaNode,
  ): SchemaNode {
    const known = this.nodes.get(schema);
    if (known !== undefined) return known;
    const node: SchemaNode = { schema, path, draft, branches: [], targets: [] };
    this.nodes.set(schema, node);
    this.#resourceByNode.set(node, this.#resources.enter(node, parent && this.#resourceByNode.get(parent)));
    if (this.nodes.size === GRAPH_LIMITS.nodes + 1) {
      this.#addError(node, `exceeds the maximum of ${GRAPH_LIMITS.nodes} subschemas; simplify the schema`);
    }
    this.#unread.push(node);
    return node;
  }

  #enterChild(schema: JsonObject, parent: SchemaNode, path: readonly (string | number)[]): SchemaNode {
    // A subschema with `$schema` and `$id` is a bundled document, with its own draft.
    const declaresDraft = schema["$schema"] !== undefined && schema["$id"] !== undefined;
    const draft = (declaresDraft ? getDraft(schema) : undefined) ?? parent.draft;
    return this.#enter(schema, [...parent.path, ...path], draft, parent);
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
      for (const [path, child] of listSubschemas(value, isMap(applicator))) {
        if (!isJsonObject(child)) continue;
        const childNode = this.#enterChild(child, node, [keyword, ...path]);
        if (applicator.location === "value" && !isOnlyReference) node.branches.push(childNode);
      }
    }
  }

  #findTarget(node: SchemaNode, keyword: string, reference: unknown): Resolution {
    if (typeof reference !== "string") return "must be a string";
    const shown = truncateText(JSON.stringify(reference));
    const base = this.#resourceByNode.get(node);
    const isWithinResource = reference.startsWith("#");
    const resource = base === undefined || isWithinResource ? base : this.#resources.find(reference, base);
    if (resource === undefined) {
      return `refers to ${shown}, which is not in this schema; copy it into $defs and refer to "#/$defs/…"`;
    }
    if (!isWithinResource && this.#resources.isAmbiguous(resource)) {
      return `refers to ${shown}, which is the $id of several subschemas; give each a unique $id`;
    }
    const fragment = getFragment(reference);
    // Some generators use `$id` only as a name, and a reference inside such a subschema refers to
    // definitions of the whole document.
    const document = this.#resourceByNode.get(this.root) ?? resource;
    const target = this.#find(resource, fragment) ?? this.#find(document, fragment);
    if (target === undefined) return `refers to ${shown}, which does not exist; correct the reference`;
    if (typeof target === "boolean") return target;
    if (this.#resources.isAmbiguous(target) && !fragment.startsWith("/") && fragment !== "") {
      return `refers to ${shown}, an anchor of several subschemas; give each a unique anchor`;
    }
    if (keyword === "$dynamicRef") return this.#findDynamic(resource, fragment) ?? target;
    return keyword === "$recursiveRef" ? this.#findRecursive(resource, target) : target;
  }

  /**
   * Resolves a `$dynamicRef`. Its target is the anchor in the outermost schema resource on the
   * evaluation path. If the document itself has the anchor, it is always the outermost resource.
   * Otherwise, if several resources have the anchor, the target depends on the path. Such a
   * reference is rejected, because each path would need a separate copy of the schema.
   */
  #findDynamic(resource: SchemaResource, name: string): Resolution | undefined {
    if (!resource.dynamicAnchors.has(name)) return undefined;
    const candidates = this.#resources.list().filter(({ dynamicAnchors }) => dynamicAnchors.has(name));
    const outermost = candidates.find(({ root }) => root === this.root) ?? candidates[0];
    if (outermost?.root !== this.root && candidates.length > 1) {
      return "has several possible targets, depending on the evaluation path; add the same $dynamicAnchor to the root of the schema";
    }
    return outermost?.dynamicAnchors.get(name);
  }

  #findRecursive(resource: SchemaResource, target: SchemaNode): Resolution {
    const isRecursive = ({ schema }: SchemaNode) => schema["$recursiveAnchor"] === true;
    if (!isRecursive(resource.root)) return target;
    if (isRecursive(this.root)) return this.root;
    if (this.#resources.list().filter(({ root }) => isRecursive(root)).length === 1) return target;
    return "has several possible targets, depending on the evaluation path; add $recursiveAnchor: true to the root of the schema";
  }

  #find(resource: SchemaResource, fragment: string): SchemaNode | boolean | undefined {
    if (fragment === "") return resource.root;
    const decoded = decode(fragment);
    if (!fragment.startsWith("/")) return resource.anchors.get(decoded);
    // Also tries the fragment without decoding, because some generators do not escape a percent
    // sign in a name.
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

/** Returns the subschemas in the value of a keyword, with their paths in this value. */
export function listSubschemas(
  value: unknown,
  isMap: boolean,
): [path: (string | number)[], schema: unknown][] {
  if (Array.isArray(value)) return value.map((item, index) => [[index], item]);
  if (!isMap) return [[[], value]];
  return isJsonObject(value) ? Object.entries(value).map(([name, schema]) => [[name], schema]) : [];
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
