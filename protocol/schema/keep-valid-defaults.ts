import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { resolveReferences } from "./references.ts";
import { SchemaDefaults } from "./schema-defaults.ts";

/** Keywords whose values are not schemas. */
const VALUE_KEYWORDS = /^(?:x-|(?:default|examples?|const|enum|required|discriminator|type)$)/;
/** Keywords whose values are maps of schemas. */
const MAP_KEYWORDS = /^(?:properties|patternProperties|\$defs|definitions|dependentSchemas|dependencies)$/;

/**
 * Maximum depth to which a schema is copied. Deeper parts are returned unchanged; the server
 * rejects such deep schemas anyway.
 */
const MAX_DEPTH = 128;
/** Maximum total length of inlined definitions in characters. Each inlined definition is a copy. */
const MAX_INLINED = 1_000_000;

/**
 * Returns a copy of a job's schema without invalid defaults, in which the defaults of objects are
 * completed with the defaults of their members. In the copy, the default of an object contains the
 * defaults of its members, so a form, the CLI and a worker use the same defaults, regardless of
 * which of the two they read first. Invalid defaults occur in practice: pydantic generates the
 * default null for `x: int = None`.
 */
export function keepValidDefaults(root: JsonObject): JsonObject {
  const hasDefaults = JSON.stringify(root).includes('"default"');
  if (!hasDefaults) return root;
  const copier = new SchemaCopier(root);
  const copy = copier.copySchema(root, 0);
  new DefaultRemover(copy).removeInherited(copier.withoutDefault);
  return copy;
}

class SchemaCopier {
  /** Copies of the schemas from which an invalid default was removed. */
  readonly withoutDefault: JsonObject[] = [];
  readonly #defaults: SchemaDefaults;

  constructor(root: JsonObject) {
    this.#defaults = new SchemaDefaults(root);
  }

  copySchema(schema: JsonObject, depth: number): JsonObject {
    const copy = mapMembers(schema, (value, keyword) => this.#copyMember(keyword, value, depth));
    const { const: only, default: own } = schema;
    const declared = only === undefined ? this.#defaults.getDeclared(schema) : own;
    if (declared === undefined) return copy;
    const valid = this.#defaults.find(schema);
    if (valid === undefined) {
      delete copy["default"];
      this.withoutDefault.push(copy);
    } else if (own !== undefined) {
      copy["default"] = valid;
    }
    return copy;
  }

  #copyMember(keyword: string, value: JsonValue, depth: number): JsonValue {
    if (VALUE_KEYWORDS.test(keyword)) return value;
    if (Array.isArray(value)) return value.map((part) => this.#copyPart(part, depth));
    if (!isJsonObject(value) || !MAP_KEYWORDS.test(keyword)) return this.#copyPart(value, depth);
    return mapMembers(value, (part) => this.#copyPart(part, depth));
  }

  #copyPart(value: JsonValue, depth: number): JsonValue {
    return isJsonObject(value) && depth < MAX_DEPTH ? this.copySchema(value, depth + 1) : value;
  }
}

class DefaultRemover {
  readonly #root: JsonObject;
  #remaining = MAX_INLINED;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  /**
   * Replaces `$ref` by a copy of the referenced definition without its default, in schemas whose
   * own default was invalid and has been removed. With the `$ref`, a form or the CLI would use the
   * default of the definition, which the worker does not use.
   */
  removeInherited(schemas: readonly JsonObject[]): void {
    for (const schema of schemas) {
      const inherited = new SchemaDefaults(this.#root).getDeclared(schema);
      if (schema["const"] !== undefined || inherited === undefined) continue;
      const { title } = schema;
      const copy = this.#copyWithoutDefault(schema);
      for (const keyword of ["allOf", "anyOf", "oneOf"]) {
        const parts = copy[keyword];
        if (!Array.isArray(parts)) continue;
        copy[keyword] = parts.map((part) => (isJsonObject(part) ? this.#copyWithoutDefault(part) : part));
      }
      for (const keyword of Object.keys(schema)) delete schema[keyword];
      Object.assign(schema, copy, title === undefined ? {} : { title });
    }
  }

  #copyWithoutDefault(schema: JsonObject): JsonObject {
    const { default: _, title, $ref, ...rest } = schema;
    const target = typeof $ref === "string" ? resolveReferences(this.#root, schema) : undefined;
    if (target === undefined) return { ...rest, ...(typeof $ref === "string" && { $ref }) };
    const text = JSON.stringify(target);
    this.#remaining -= text.length;
    return this.#remaining < 0
      ? { ...rest, $ref: $ref ?? "" }
      : { ...this.#copyWithoutDefault(JSON.parse(text)), ...rest };
  }
}

function mapMembers(object: JsonObject, map: (value: JsonValue, name: string) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]));
}
