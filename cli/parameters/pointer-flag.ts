import type { Parameter } from "./parameter.ts";

const partsOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));

const isIndex = (part: string) => /^\d+$/.test(part);

/** Where a payload does not fit, as the person said it: `/payload/box/size` is `--box.size`, an item `--tags[2]`. */
export const toFlag = (pointer: string, parameters: readonly Parameter[]): string => {
  const all = partsOf(pointer);
  const parts = all[0] === "payload" ? all.slice(1) : all;
  if (parts.length === 0) return "the payload";
  const known = parameters
    .filter(({ path }) => path.every((name, at) => parts[at] === name))
    .sort((one, other) => other.path.length - one.path.length)[0];
  if (known === undefined) return parts.join(".");
  const inner = parts.slice(known.path.length).map((part) => (isIndex(part) ? `[${part}]` : `.${part}`));
  return `--${known.flag}${inner.join("")}`;
};
