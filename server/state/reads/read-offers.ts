import type { WakeSignal } from "../long-poll.ts";

/**
 * Time after which an offer of another server is forgotten, in milliseconds. An offer announces a
 * request to a provider that a worker can claim; its server repeats it every second until a worker
 * has claimed the request.
 */
const OFFER_MS = 3_000;
/**
 * Maximum number of offers that are remembered for a provider. Further offers are ignored; they
 * will be repeated.
 */
const MAX_OFFERS = 1_000;

/**
 * The workers of this process that wait for requests to providers (reads), and the reads that other
 * servers have offered.
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

  /** Wakes the signal when a request to one of these providers is offered. */
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

  /** Remembers that another server has offered a request to a provider. */
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
