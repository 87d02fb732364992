import { LRUCache } from "lru-cache";
import type { Answer } from "./answer.ts";

/**
 * Memory that a cached answer needs in addition to its body, in bytes. It is counted so that the
 * number of very small answers is limited, too.
 */
const ENTRY_BYTES = 512;

interface CachedAnswer {
  readonly answer: Answer;
  /** The time at which the answer was stored, in milliseconds of `performance.now()`. */
  readonly storedAt: number;
}

/** A cached answer and its age in seconds. */
export interface AgedAnswer {
  readonly answer: Answer;
  readonly ageSeconds: number;
}

/**
 * The answers of providers that this process has cached, by provider and parameters. The least
 * recently read answers are removed first.
 */
export class AnswerCache {
  readonly #answers: LRUCache<string, CachedAnswer>;

  constructor(maxBytes: number) {
    this.#answers = new LRUCache<string, CachedAnswer>({
      maxSize: maxBytes,
      sizeCalculation: ({ answer }) => answer.length + ENTRY_BYTES,
      dispose: ({ answer }) => answer.release(),
    });
  }

  get size(): number {
    return this.#answers.size;
  }

  get(providerId: string, key: string): AgedAnswer | undefined {
    const cached = this.#answers.get(toCacheKey(providerId, key));
    if (cached === undefined) return undefined;
    return { answer: cached.answer, ageSeconds: Math.floor((performance.now() - cached.storedAt) / 1000) };
  }

  /**
   * Caches a complete answer for the time that its worker allows. Does nothing if the answer is
   * larger than the cache.
   */
  set(providerId: string, key: string, answer: Answer): void {
    answer.retain();
    const options = { ttl: Math.ceil(answer.facts.ttlSeconds * 1000) };
    this.#answers.set(toCacheKey(providerId, key), { answer, storedAt: performance.now() }, options);
    // If the answer is larger than the cache, the cache has not stored it and will not release it.
    if (!this.#answers.has(toCacheKey(providerId, key))) answer.release();
  }

  /** Removes the answer with this key, or all answers of the provider. */
  invalidate(providerId: string, key?: string): void {
    if (key !== undefined) {
      this.#answers.delete(toCacheKey(providerId, key));
      return;
    }
    for (const cached of [...this.#answers.keys()]) {
      if (cached.startsWith(`${providerId}:`)) this.#answers.delete(cached);
    }
  }

  /** Removes the least recently read answer. Returns false if the cache is empty. */
  evict(): boolean {
    return this.#answers.pop() !== undefined;
  }

  clear(): void {
    this.#answers.clear();
  }
}

const toCacheKey = (providerId: string, key: string) => `${providerId}:${key}`;
