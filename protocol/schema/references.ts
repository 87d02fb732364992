import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";

/**
 * Maximum length of a chain of references. A longer chain is treated as broken. The server rejects
 * circular references.
 */
const MAX_CHAIN = 50;

function decodeFragment(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}

function stepInto(value: JsonValue | undefined, token: string): JsonValue | undefined {
  const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
  if (Array.isArray(value)) return value[Number(name)];
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function findAnchor(root: JsonObject, anchor: string): JsonValue | undefined {
  return [root["$defs"], root["definitions"]]
    .filter(isJsonObject)
    .flatMap((definitions) => Object.values(definitions))
    .find((schema) => isJsonObject(schema) && schema["$anchor"] === anchor);
}

/**
 * Returns the target of a `$ref` within a document. The reference is a JSON Pointer or an anchor.
 * Returns undefined if the target does not exist.
 */
export function findReference(root: JsonObject, reference: string): JsonValue | undefined {
  const fragment = reference.startsWith("#") ? decodeFragment(reference.slice(1)) : undefined;
  if (fragment === undefined) return undefined;
  if (fragment !== "" && !fragment.startsWith("/")) return findAnchor(root, fragment);
  return fragment.split("/").slice(1).reduce<JsonValue | undefined>(stepInto, root);
}

/**
 * Returns the schema at the end of a chain of references. Returns undefined if the chain is broken
 * or circular.
 */
export function resolveReferences(root: JsonObject, schema: unknown): JsonObject | undefined {
  let current = schema;
  for (let steps = 0; steps < MAX_CHAIN; steps += 1) {
    if (!isJsonObject(current)) return undefined;
    const reference = current["$ref"];
    if (typeof reference !== "string") return current;
    current = findReference(root, reference);
  }
  return undefined;
}
