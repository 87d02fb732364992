import { isJsonObject, type JsonObject, pointerTo, type SchemaFault, shortText } from "./schema-fault.ts";
import { applicatorOf, type Dialect, isReference, type Where } from "./schema-keywords.ts";

/** One subschema, and what it leads to. */
export interface SchemaNode {
  schema: JsonObject;
  parent: SchemaNode | undefined;
  path: readonly (string | number)[];
  children: { node: SchemaNode; where: Where }[];
  /** What its reference keywords resolve to, in their order. */
  targets: (SchemaNode | boolean)[];
}

/** A schema document read once: every subschema by identity, all references resolved. */
export interface SchemaGraph {
  dialect: Dialect;
  root: SchemaNode;
  nodes: ReadonlyMap<JsonObject, SchemaNode>;
  faults: SchemaFault[];
}

/** The most subschemas, and references, that one schema may have. */
export const graphLimits = { nodes: 1000, references: 2000, faults: 20 } as const;

/** The JSON Pointer of a subschema in its document. */
export function pointerOf(node: SchemaNode): string {
  const path: (string | number)[] = [];
  for (let at: SchemaNode | undefined = node; at !== undefined; at = at.parent) path.unshift(...at.path);
  return pointerTo("", ...path);
}

/** Reads a document whose size and depth are already bounded; what it refuses is in `faults`. */
export function readSchemaGraph(schema: JsonObject, dialect: Dialect): SchemaGraph {
  const reader = new GraphReader(schema, dialect);
  return { dialect, root: reader.root, nodes: reader.nodes, faults: reader.faults };
}

class GraphReader {
  readonly nodes = new Map<JsonObject, SchemaNode>();
  readonly faults: SchemaFault[] = [];
  readonly root: SchemaNode;
  readonly #dialect: Dialect;
  readonly #anchors = new Map<string, SchemaNode>();
  readonly #unread: SchemaNode[] = [];
  readonly #references: { node: SchemaNode; keyword: string; reference: unknown }[] = [];

  constructor(schema: JsonObject, dialect: Dialect) {
    this.#dialect = dialect;
    this.root = this.#enter(schema, undefined, []);
    this.#readAll();
    // Resolving may find a schema where no known keyword holds one (`#/components/…`), with references of its own.
    for (let index = 0; index < this.#references.length; index += 1) {
      const entry = this.#references[index];
      if (entry === undefined || index >= graphLimits.references) {
        this.#refuse(this.root, `has more than ${graphLimits.references} references`);
        return;
      }
      this.#resolve(entry.node, entry.keyword, entry.reference);
      this.#readAll();
    }
  }

  #refuse(node: SchemaNode, detail: string, ...path: (string | number)[]): void {
    if (this.faults.length >= graphLimits.faults) return;
    this.faults.push({ pointer: pointerTo(pointerOf(node), ...path), detail });
  }

  #enter(schema: JsonObject, parent: SchemaNode | undefined, path: readonly (string | number)[]): SchemaNode {
    const known = this.nodes.get(schema);
    if (known !== undefined) return known;
    const node: SchemaNode = { schema, parent, path, children: [], targets: [] };
    this.nodes.set(schema, node);
    if (this.nodes.size === graphLimits.nodes + 1) {
      this.#refuse(node, `is one of more than ${graphLimits.nodes} subschemas`);
    }
    this.#unread.push(node);
    return node;
  }

  #readAll(): void {
    for (let node = this.#unread.pop(); node !== undefined; node = this.#unread.pop()) {
      if (this.nodes.size > graphLimits.nodes) return;
      this.#read(node);
    }
  }

  #read(node: SchemaNode): void {
    this.#readAnchors(node);
    if (node.schema["$async"] === true) this.#refuse(node, "is not supported", "$async");
    for (const [keyword, value] of Object.entries(node.schema)) {
      if (isReference(keyword, this.#dialect)) this.#references.push({ node, keyword, reference: value });
      const applicator = applicatorOf(keyword, this.#dialect);
      if (applicator === undefined) continue;
      const held = applicator.map || Array.isArray(value) ? entriesOf(value) : [[undefined, value] as const];
      for (const [token, child] of held) {
        if (!isJsonObject(child)) continue;
        const path = token === undefined ? [keyword] : [keyword, token];
        node.children.push({ node: this.#enter(child, node, path), where: applicator.where });
      }
    }
  }

  #readAnchors({ schema }: SchemaNode): void {
    const node = this.nodes.get(schema);
    const id = schema["$id"];
    const names = this.#dialect === "2020-12" ? [schema["$anchor"], schema["$dynamicAnchor"]] : [];
    if (this.#dialect === "draft-07" && typeof id === "string" && id.startsWith("#")) names.push(id.slice(1));
    for (const name of names) {
      if (typeof name !== "string" || node === undefined) continue;
      const known = this.#anchors.get(name);
      if (known !== undefined && known !== node)
        this.#refuse(node, "has an anchor that another subschema has");
      this.#anchors.set(name, node);
    }
  }

  #resolve(node: SchemaNode, keyword: string, reference: unknown): void {
    const target = this.#targetOf(node, reference);
    if (typeof target === "string") this.#refuse(node, target, keyword);
    else node.targets.push(target);
  }

  /** What a reference leads to, or the sentence that says why it leads nowhere. */
  #targetOf(node: SchemaNode, reference: unknown): SchemaNode | boolean | string {
    if (typeof reference !== "string") return "must be a string";
    const shown = shortText(JSON.stringify(reference));
    if (!reference.startsWith("#")) {
      return `refers to ${shown}: only references within the schema (#…) are followed`;
    }
    if (isEmbedded(node)) return "refers to something from below a $id that is not the schema's own";
    return this.#find(reference.slice(1)) ?? `refers to ${shown}, which is not there`;
  }

  #find(fragment: string): SchemaNode | boolean | undefined {
    if (fragment === "") return this.root;
    if (!fragment.startsWith("/")) return this.#anchors.get(fragment);
    const path = decoded(fragment)?.split("/").slice(1);
    let value: unknown = this.root.schema;
    for (const token of path ?? []) {
      const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
      value = Reflect.get(value, name);
    }
    if (path === undefined) return undefined;
    if (typeof value === "boolean") return value;
    return isJsonObject(value) ? this.#enter(value, this.root, path) : undefined;
  }
}

function entriesOf(value: unknown): (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  return isJsonObject(value) ? Object.entries(value) : [];
}

// An embedded $id opens another resource, in which `#` means something else: nothing there may refer.
function isEmbedded(node: SchemaNode): boolean {
  for (let at: SchemaNode = node; at.parent !== undefined; at = at.parent) {
    const id = at.schema["$id"];
    if (typeof id === "string" && !id.startsWith("#")) return true;
  }
  return false;
}

function decoded(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}
