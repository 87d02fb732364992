import type { JsonObject } from "../../../protocol/json.ts";
import { valueAt } from "../pointer.ts";
import { isJsonObject } from "./drawn-schema.ts";

const LONGEST_CHAIN = 50;

const decoded = (fragment: string): string | undefined => {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
};

/** What a `$ref` within a document names; undefined where it names nothing there. */
const target = (root: JsonObject, reference: string): unknown => {
  const fragment = reference.startsWith("#") ? decoded(reference.slice(1)) : undefined;
  if (fragment === undefined) return undefined;
  if (fragment === "" || fragment.startsWith("/")) return valueAt(root, fragment);
  const definitions = [root["$defs"], root["definitions"]].filter(isJsonObject).flatMap(Object.values);
  return definitions.find((schema) => isJsonObject(schema) && schema["$anchor"] === fragment);
};

/** The schema at the end of a chain of references; undefined where the chain is broken or never ends. */
export const resolved = (root: JsonObject, schema: unknown): JsonObject | undefined => {
  let current = schema;
  for (let steps = 0; steps < LONGEST_CHAIN; steps += 1) {
    if (!isJsonObject(current)) return undefined;
    const reference = current["$ref"];
    if (typeof reference !== "string") return current;
    current = target(root, reference);
  }
  return undefined;
};
