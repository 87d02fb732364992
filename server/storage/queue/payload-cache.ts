import { LruMap } from "../../lru-map.ts";

const MAX_TASKS = 20_000;
const MAX_CHARACTERS = 16_000_000;

/**
 * Caches the payloads of tasks that were claimed through this server, as JSON. Payloads never change, so a
 * transition does not have to read a cached payload again. With payloads of 100 KB, reading them took two
 * thirds of the time of a completion.
 */
export type PayloadCache = LruMap<string>;

/** Creates an empty cache, whose number of tasks and characters is limited. */
export const createPayloadCache = (): PayloadCache =>
  new LruMap({ entries: MAX_TASKS, weight: MAX_CHARACTERS });
