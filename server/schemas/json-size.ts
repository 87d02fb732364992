import { countDigits, isRawNumber } from "../../protocol/schema/exact-json.ts";
import { extendPointer, type SchemaError } from "./schema-error.ts";

/** Limits on the JSON text of a schema, checked before the schema is interpreted. */
export const JSON_LIMITS = { characters: 256 * 1024, depth: 64, nodes: 10_000 } as const;

interface Visit {
  value: unknown;
  depth: number;
}

/**
 * Measures JSON without recursion. Stops at the first exceeded limit, so that a huge schema costs no more
 * than a normal one.
 */
export function measureJson(root: unknown): { nodes: number; characters: number; error?: SchemaError } {
  const stack: Visit[] = [{ value: root, depth: 1 }];
  let nodes = 0;
  let characters = 0;
  const exceed = (detail: string, pointer = "") => ({ nodes, characters, error: { pointer, detail } });

  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { value, depth } = visit;
    nodes += 1;
    if (nodes > JSON_LIMITS.nodes)
      return exceed(`has more than ${JSON_LIMITS.nodes} values; simplify the schema`);
    if (depth > JSON_LIMITS.depth)
      return exceed(`is nested deeper than ${JSON_LIMITS.depth} levels; simplify the schema`);
    if (typeof value === "string") characters += value.length + 2;
    else if (isRawNumber(value)) characters += countDigits(value.rawJSON);
    else if (typeof value !== "object" || value === null) characters += 4;
    else {
      const keys = Array.isArray(value) ? undefined : Object.keys(value);
      const children = Object.values(value);
      if (children.length > JSON_LIMITS.nodes)
        return exceed(`has more than ${JSON_LIMITS.nodes} values; simplify the schema`);
      characters += 2;
      for (const key of keys ?? []) {
        // Ajv ignores a property with this name, so its constraints would silently not apply.
        if (key === "__proto__")
          return exceed("must not be named __proto__; rename it", extendPointer("", key));
        characters += key.length + 4;
      }
      for (const child of children) stack.push({ value: child, depth: depth + 1 });
    }
    if (characters > JSON_LIMITS.characters)
      return exceed(`is larger than ${JSON_LIMITS.characters / 1024} KiB; simplify the schema`);
  }
  return { nodes, characters };
}
