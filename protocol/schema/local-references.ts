import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { getDraft } from "./drafts.ts";

/**
 * The base URI of a document without an `$id`. RFC 2606 guarantees that no server has the domain
 * `.invalid`. joblib never fetches a schema from a URI.
 */
export const DEFAULT_BASE_URI = "https://schema.invalid/";
// Maximum depth to which a schema is read. The server rejects schemas with more than 64 levels.
const MAX_DEPTH = 100;
/** Keywords whose values are not schemas. */
const VALUE_KEYWORDS = ["const", "enum", "default", "example", "examples"];
const REFERENCE_KEYWORDS = ["$ref", "$dynamicRef", "$recursiveRef"];

/**
 * Replaces references that use an `$id`, a relative URI or an anchor with JSON Pointers from the
 * root, so that code that reads the schema only has to support references of the form `#/…`.
 * References to other documents are unchanged.
 */
export function localizeReferences(schema: JsonObject): JsonObject {
  const localizer = new Localizer(getDraft(schema) === "draft-04" ? "id" : "$id");
  localizer.collect(schema, DEFAULT_BASE_URI, "#");
  return localizer.localize(schema, DEFAULT_BASE_URI);
}

class Localizer {
  readonly #idKeyword: string;
  /**
   * Maps the URI of each subschema to the JSON Pointer from the root to the subschema. If the
   * subschema has an anchor, the URI's fragment is the name of the anchor.
   */
  readonly #pointers = new Map<string, string>();

  constructor(idKeyword: string) {
    this.#idKeyword = idKeyword;
  }

  collect(value: JsonValue, base: string, pointer: string, depth = 0): void {
    if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
    const own = this.#getBase(value, base);
    if (isJsonObject(value)) {
      if (own !== base || depth === 0) this.#add(own, pointer);
      for (const keyword of ["$anchor", "$dynamicAnchor"]) {
        if (typeof value[keyword] === "string") this.#add(`${own}#${value[keyword]}`, pointer);
      }
      const id = value[this.#idKeyword];
      if (typeof id === "string" && id.startsWith("#")) this.#add(`${own}${id}`, pointer);
    }
    for (const [name, member] of Object.entries(value)) {
      if (VALUE_KEYWORDS.includes(name)) continue;
      this.collect(member, own, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, depth + 1);
    }
  }

  localize<Value extends JsonValue>(value: Value, base: string, depth?: number): Value;
  localize(value: JsonValue, base: string, depth = 0): JsonValue {
    if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
    if (Array.isArray(value)) return value.map((item) => this.localize(item, base, depth + 1));
    const own = this.#getBase(value, base);
    return Object.fromEntries(
      Object.entries(value).map(([name, member]): [string, JsonValue] => {
        if (VALUE_KEYWORDS.includes(name)) return [name, member];
        if (typeof member !== "string" || !REFERENCE_KEYWORDS.includes(name)) {
          return [name, this.localize(member, own, depth + 1)];
        }
        const isAlone = name === "$ref" || value["$ref"] === undefined;
        return [isAlone ? "$ref" : name, this.#toPointer(member, own)];
      }),
    );
  }

  #add(uri: string, pointer: string): void {
    if (!this.#pointers.has(uri)) this.#pointers.set(uri, pointer);
  }

  #getBase(value: object, base: string): string {
    const id: unknown = Reflect.get(value, this.#idKeyword);
    return typeof id !== "string" || id.startsWith("#") ? base : (resolveUri(id, base) ?? base);
  }

  #toPointer(reference: string, base: string): string {
    const at = reference.indexOf("#");
    const fragment = at === -1 ? "" : reference.slice(at + 1);
    const uri = resolveUri(at === -1 ? reference : reference.slice(0, at), base);
    const resource = uri === undefined ? undefined : this.#pointers.get(uri);
    if (resource === undefined) return reference;
    if (fragment === "" || fragment.startsWith("/")) return resource + fragment;
    return this.#pointers.get(`${uri}#${fragment}`) ?? reference;
  }
}

/** Returns the absolute URI without a fragment; undefined if the reference is not a valid URI. */
export function resolveUri(reference: string, base: string): string | undefined {
  try {
    const url = new URL(reference === "" ? base : reference, base);
    url.hash = "";
    return url.href;
  } catch {
    return undefined;
  }
}
