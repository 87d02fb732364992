import type { WakeSignal } from "../long-poll.ts";

/**
 * Time after which an offer is forgotten, in milliseconds. The server that received the client's
 * request repeats the offer every second until a worker claims the read.
 */
const OFFER_MS = 3_000;
/**
 * Maximum number of offers that are remembered for a provider. Further offers are ignored until
 * they are repeated.
 */
const MAX_OFFERS = 1_000;

/**
 * The workers of this process that wait for reads, and the reads of other servers that were offered
 * to them.
 */
export class ReadOffers {
  readonly #waiting = new Map<string, Set<WakeSignal>>();
  /** The ids of the providers whose offers wake each signal. */
  readonly #providerIds = new Map<WakeSignal, readonly string[]>();
  /**
   * For each provider, the time at which each offer expires, in milliseconds of
   * `performance.now()`.
   */
  readonly #offers = new Map<string, Map<string, number>>();

  /** Wakes the signal when workers are offered a read of one of these providers. */
  wait(signal: WakeSignal, providerIds: readonly string[]): void {
    this.#providerIds.set(signal, providerIds);
    for (const id of providerIds) {
      const signals = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, signals.add(signal));
    }
  }

  stopWaiting(signal: WakeSignal): void {
    for (const id of this.#providerIds.get(signal) ?? []) {
      const signals = this.#waiting.get(id);
      if (signals?.delete(signal) === true && signals.size === 0) this.#waiting.delete(id);
    }
    this.#providerIds.delete(signal);
  }

  /** Remembers an offer of another server. */
  add(providerId: string, readId: string): void {
    const offers = this.#offers.get(providerId) ?? new Map<string, number>();
    if (offers.size >= MAX_OFFERS && !offers.has(readId)) return;
    offers.set(readId, performance.now() + OFFER_MS);
    this.#offers.set(providerId, offers);
  }

  notify(providerId: string): void {
    for (const signal of this.#waiting.get(providerId) ?? []) signal.notify();
  }

  /** Removes and returns up to `limit` offers of the providers. */
  take(providerIds: readonly string[], limit: number): string[] {
    const now = performance.now();
    const taken: string[] = [];
    for (const id of providerIds) {
      const offers = this.#offers.get(id);
      for (const [readId, expiresAt] of offers ?? []) {
        if (taken.length >= limit) return taken;
        offers?.delete(readId);
        if (expiresAt >= now) taken.push(readId);
      }
    }
    return taken;
  }

  /** Forgets the offers of a provider. */
  forget(providerId: string): void {
    this.#offers.delete(providerId);
  }
}
