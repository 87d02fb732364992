import * as z from "zod";

/** A request of ZnDraw's client, and joblib's response. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  readonly response: unknown;
}

/**
 * A recorded exchange. Names replace the ids that the server created, so that every run produces
 * the same recording.
 */
export const RecordedExchange = z.object({
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  status: z.int(),
  /** The ids that occur in this response for the first time, as pairs of name and JSON Pointer. */
  ids: z.record(z.string(), z.string()),
});
export type RecordedExchange = z.infer<typeof RecordedExchange>;

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Finds every UUID in a JSON value, with its JSON Pointer. */
const findIds = (value: unknown, pointer = ""): [pointer: string, id: string][] => {
  if (typeof value === "string") return UUID.test(value) ? [[pointer, value]] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => findIds(member, `${pointer}/${key}`));
};

/** Reads the value at a JSON Pointer. Does not support escapes in the pointer. */
export const readPointer = (value: unknown, pointer: string): unknown => {
  let current = value;
  for (const key of pointer.split("/").slice(1)) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
};

/** Replaces every key of `replacements` in a text by the key's value. */
export const replaceAll = (text: string, replacements: ReadonlyMap<string, string>): string => {
  let replaced = text;
  for (const [from, to] of replacements) replaced = replaced.replaceAll(from, to);
  return replaced;
};

/**
 * Replaces the ids of a run by names, numbered in the order in which the server created the ids.
 */
export const toRecording = (exchanges: readonly Exchange[]): RecordedExchange[] => {
  const names = new Map<string, string>();
  return exchanges.map(({ method, path, headers, body, status, response }) => {
    const request = { method, path: replaceAll(path, names), headers, body: replaceAll(body, names), status };
    const ids: Record<string, string> = {};
    for (const [pointer, id] of findIds(response)) {
      if (names.has(id)) continue;
      const name = `<id ${names.size + 1}>`;
      names.set(id, name);
      ids[name] = pointer;
    }
    return { ...request, ids };
  });
};
