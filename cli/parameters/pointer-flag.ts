import { splitPointer } from "./json-path.ts";
import type { Parameter } from "./parameter.ts";

const isIndex = (part: string) => /^\d+$/.test(part);

/**
 * Converts the JSON Pointer of a validation error to a flag: `/payload/box/size` to `--box.size`,
 * and the item of a list to `--tags[2]`.
 */
export function toFlag(pointer: string, parameters: readonly Parameter[]): string {
  const all = splitPointer(pointer);
  const parts = all[0] === "payload" ? all.slice(1) : all;
  if (parts.length === 0) return "the payload";
  const known = parameters
    .filter(({ path }) => path.every((name, index) => parts[index] === name))
    .sort((left, right) => right.path.length - left.path.length)[0];
  if (known === undefined) return parts.join(".");
  const inner = parts.slice(known.path.length).map((part) => (isIndex(part) ? `[${part}]` : `.${part}`));
  return `--${known.flag}${inner.join("")}`;
}
