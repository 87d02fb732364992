import { type Draft, ignoresSiblings, isSince } from "../../protocol/schema/drafts.ts";
import { DEFAULT_BASE_URI, resolveUri } from "../../protocol/schema/local-references.ts";
import type { JsonObject } from "./schema-error.ts";

/** One subschema of a `SchemaGraph`. */
export interface SchemaNode {
  readonly schema: JsonObject;
  /** The path of the subschema in the document. */
  readonly path: readonly (string | number)[];
  readonly draft: Draft;
  /** The nested subschemas that are applied to the same value as this subschema. */
  readonly branches: SchemaNode[];
  /** The targets of the subschema's references, in order. */
  readonly targets: (SchemaNode | boolean)[];
}

/**
 * A schema resource (JSON Schema, section 4.3.5): the document, or a subschema with an `$id`. Its
 * URI is the base URI of the references in it.
 */
export interface SchemaResource {
  readonly uri: string;
  readonly root: SchemaNode;
  readonly anchors: Map<string, SchemaNode>;
  readonly dynamicAnchors: Map<string, SchemaNode>;
}

/** The resources and anchors of a document, by URI. */
export class SchemaResources {
  readonly #resources = new Map<string, SchemaResource>();
  // A duplicate `$id` or anchor is an error only if a reference uses it.
  readonly #ambiguous = new Set<SchemaResource | SchemaNode>();

  /** Registers the `$id` and anchors of a subschema, and returns the resource that contains it. */
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

  /**
   * Returns the resource to which a reference refers. Returns undefined if the resource is not in
   * the document.
   */
  find(reference: string, base: SchemaResource): SchemaResource | undefined {
    const uri = resolveUri(reference, base.uri);
    return uri === undefined ? undefined : this.#resources.get(uri);
  }

  isAmbiguous(target: SchemaResource | SchemaNode): boolean {
    return this.#ambiguous.has(target);
  }

  list(): SchemaResource[] {
    return [...this.#resources.values()];
  }

  #openResource(node: SchemaNode, parent: SchemaResource | undefined): SchemaResource {
    const id = getId(node);
    const isAnchor = id === undefined || id.startsWith("#");
    const uri = isAnchor ? undefined : resolveUri(id, parent?.uri ?? DEFAULT_BASE_URI);
    if (parent !== undefined && (uri === undefined || uri === parent.uri)) return parent;
    const maps = { anchors: new Map(), dynamicAnchors: new Map() };
    const resource = { uri: uri ?? DEFAULT_BASE_URI, root: node, ...maps };
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

/** Returns the fragment of a reference, without the `#`; empty if there is none. */
export function getFragment(reference: string): string {
  const at = reference.indexOf("#");
  return at === -1 ? "" : reference.slice(at + 1);
}

function getId({ schema, draft }: SchemaNode): string | undefined {
  if (ignoresSiblings(schema, draft)) return undefined;
  const id = schema[draft === "draft-04" ? "id" : "$id"];
  return typeof id === "string" ? id : undefined;
}
