import { type Draft, ignoresSiblings, isSince } from "../../protocol/schema-drafts.ts";
import type { SchemaNode } from "./schema-graph.ts";

/** A schema with a URI of its own: the document, and each subschema in it with an `$id`. Pointers begin at its root. */
export interface SchemaResource {
  readonly uri: string;
  readonly root: SchemaNode;
  readonly anchors: Map<string, SchemaNode>;
  readonly dynamicAnchors: Map<string, SchemaNode>;
}

// What the URI of a document without one is relative to. RFC 2606 reserves `.invalid`: nothing is ever fetched.
const NOWHERE = "https://schema.invalid/";

/** The resources and anchors of a document, by URI. */
export class SchemaResources {
  readonly #resources = new Map<string, SchemaResource>();
  // The same `$id` or anchor twice is a fault only if something refers to it.
  readonly #ambiguous = new Set<SchemaResource | SchemaNode>();

  /** Reads what identifies a subschema, and returns the resource that it belongs to. */
  enter(node: SchemaNode, parent: SchemaResource | undefined): SchemaResource {
    const resource = this.#openResource(node, parent);
    const { schema, draft } = node;
    if (isSince(draft, "2019-09")) this.#addAnchor(resource.anchors, schema["$anchor"], node);
    if (isSince(draft, "2020-12")) {
      this.#addAnchor(resource.anchors, schema["$dynamicAnchor"], node);
      this.#addAnchor(resource.dynamicAnchors, schema["$dynamicAnchor"], node);
    }
    const fragment = getFragment(getId(node) ?? "");
    if (draft !== "2019-09" && draft !== "2020-12") this.#addAnchor(resource.anchors, fragment, node);
    return resource;
  }

  /** Returns the resource that a reference names, or undefined if it is outside the document. */
  find(reference: string, base: SchemaResource): SchemaResource | undefined {
    const uri = resolveUri(reference, base.uri);
    return uri === undefined ? undefined : this.#resources.get(uri);
  }

  isAmbiguous(target: SchemaResource | SchemaNode): boolean {
    return this.#ambiguous.has(target);
  }

  /** All resources that answer to a dynamic anchor. */
  withDynamicAnchor(name: string): SchemaResource[] {
    return [...this.#resources.values()].filter(({ dynamicAnchors }) => dynamicAnchors.has(name));
  }

  /** All resources that a `$recursiveRef` may lead to. */
  withRecursiveAnchor(): SchemaResource[] {
    return [...this.#resources.values()].filter(({ root }) => root.schema["$recursiveAnchor"] === true);
  }

  #openResource(node: SchemaNode, parent: SchemaResource | undefined): SchemaResource {
    const id = getId(node);
    const isAnchor = id === undefined || id.startsWith("#");
    const uri = isAnchor ? undefined : resolveUri(id, parent?.uri ?? NOWHERE);
    if (parent !== undefined && (uri === undefined || uri === parent.uri)) return parent;
    const resource = { uri: uri ?? NOWHERE, root: node, anchors: new Map(), dynamicAnchors: new Map() };
    const known = this.#resources.get(resource.uri);
    if (known === undefined) this.#resources.set(resource.uri, resource);
    else this.#ambiguous.add(known);
    return resource;
  }

  #addAnchor(anchors: Map<string, SchemaNode>, name: unknown, node: SchemaNode): void {
    if (typeof name !== "string" || name === "" || name.startsWith("/")) return;
    const known = anchors.get(name);
    if (known !== undefined && known !== node) this.#ambiguous.add(known);
    else anchors.set(name, node);
  }
}

/** Returns the part of a reference behind `#`; empty if there is none. */
export function getFragment(reference: string): string {
  const at = reference.indexOf("#");
  return at === -1 ? "" : reference.slice(at + 1);
}

function getId({ schema, draft }: SchemaNode): string | undefined {
  if (ignoresSiblings(schema, draft)) return undefined;
  const id = schema[getIdKeyword(draft)];
  return typeof id === "string" ? id : undefined;
}

function getIdKeyword(draft: Draft): string {
  return draft === "draft-04" ? "id" : "$id";
}

/** Returns an absolute URI without its fragment; undefined for what is no URI. */
function resolveUri(reference: string, base: string): string | undefined {
  try {
    const url = new URL(reference, base);
    url.hash = "";
    return url.href;
  } catch {
    return undefined;
  }
}
