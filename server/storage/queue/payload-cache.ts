import { LruMap } from "../../lru-map.ts";

const MAX_TASKS = 20_000;
const MAX_CHARACTERS = 16_000_000;

/**
 * Caches the payloads of tasks that were claimed through this server, as JSON. Payloads never change, so a transition
 * need not read a cached one again. With payloads of 100 KB, reading them took two thirds of the time of a completion.
 */
export type PayloadCache = LruMap<string>;

/** Creates an empty cache with a limit on tasks and on characters. */
export const createPayloadCache = (): PayloadCache =>
  new LruMap({ entries: MAX_TASKS, weight: MAX_CHARACTERS });
