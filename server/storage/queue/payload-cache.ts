import { LRUCache } from "lru-cache";

const MAX_TASKS = 20_000;
const MAX_CHARACTERS = 16_000_000;

/**
 * Caches the payloads of tasks that were claimed through this server, as JSON. Payloads never change, so a transition
 * need not read a cached one again. With payloads of 100 KB, reading them took two thirds of the time of a completion.
 */
export type PayloadCache = LRUCache<string, string>;

/** Creates an empty cache with a limit on tasks and on characters. */
export const createPayloadCache = (): PayloadCache =>
  new LRUCache({ max: MAX_TASKS, maxSize: MAX_CHARACTERS, sizeCalculation: ({ length }) => length });
