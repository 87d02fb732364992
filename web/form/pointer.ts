/** Where a value stands in the payload: the names and indexes that lead to it. */
export type PropertyPath = readonly (string | number)[];

/** A path as a JSON Pointer (RFC 6901). */
export const toPointer = (path: PropertyPath): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** True for a pointer to the value at `outer`, or to something inside of it. */
export const isWithin = (pointer: string, outer: string): boolean =>
  pointer === outer || pointer.startsWith(`${outer}/`);
