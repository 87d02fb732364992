/** The path to a value in the payload: property names and array indexes. */
export type PropertyPath = readonly (string | number)[];

/** Converts a path to a JSON Pointer (RFC 6901). */
export const toPointer = (path: PropertyPath): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Returns true if a pointer refers to the value at `outer` or to a value inside it. */
export const isWithin = (pointer: string, outer: string): boolean =>
  pointer === outer || pointer.startsWith(`${outer}/`);
