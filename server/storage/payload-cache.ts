import { LruMap } from "../lru-map.ts";

const MOST_TASKS = 20_000;
const MOST_CHARACTERS = 16_000_000;

/**
 * Payloads, as texts, of tasks that were claimed here: they never change, and a step that knows one does not read it
 * again. With 100 KB each, reading them took two thirds of a completion's statement.
 */
export type PayloadCache = LruMap<string>;

/** An empty one, bounded in entries and in memory. */
export const createPayloadCache = (): PayloadCache =>
  new LruMap({ entries: MOST_TASKS, weight: MOST_CHARACTERS });
