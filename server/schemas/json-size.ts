import { countDigits, isRawNumber } from "../../protocol/exact-json.ts";
import { extendPointer, type SchemaError } from "./schema-error.ts";

/** The bounds of a schema as a piece of JSON, before anything reads its meaning. */
export const JSON_LIMITS = { characters: 256 * 1024, depth: 64, nodes: 10_000 } as const;

interface Visit {
  value: unknown;
  depth: number;
}

/** Measures JSON without recursion and stops at the first bound it breaks, so that a bomb costs no more than a schema. */
export function measureJson(root: unknown): { nodes: number; characters: number; fault?: SchemaError } {
  const stack: Visit[] = [{ value: root, depth: 1 }];
  let nodes = 0;
  let characters = 0;
  const broken = (detail: string, pointer = "") => ({ nodes, characters, fault: { pointer, detail } });

  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { value, depth } = visit;
    nodes += 1;
    if (nodes > JSON_LIMITS.nodes) return broken(`has more than ${JSON_LIMITS.nodes} values`);
    if (depth > JSON_LIMITS.depth) return broken(`is nested deeper than ${JSON_LIMITS.depth} levels`);
    if (typeof value === "string") characters += value.length + 2;
    else if (isRawNumber(value)) characters += countDigits(value.rawJSON);
    else if (typeof value !== "object" || value === null) characters += 4;
    else {
      const keys = Array.isArray(value) ? undefined : Object.keys(value);
      const children = Object.values(value);
      if (children.length > JSON_LIMITS.nodes) return broken(`has more than ${JSON_LIMITS.nodes} values`);
      characters += 2;
      for (const key of keys ?? []) {
        // Ajv passes over this name, so that what is said of it would silently not hold.
        if (key === "__proto__") return broken("must not use __proto__ as a name", extendPointer("", key));
        characters += key.length + 4;
      }
      for (const child of children) stack.push({ value: child, depth: depth + 1 });
    }
    if (characters > JSON_LIMITS.characters)
      return broken(`is larger than ${JSON_LIMITS.characters / 1024} KiB`);
  }
  return { nodes, characters };
}
