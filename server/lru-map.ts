/** A least-recently-used cache. Both the number of entries and the sum of their weights are limited. */
export class LruMap<V> {
  readonly #entries = new Map<string, { value: V; weight: number }>();
  readonly #limits: { entries: number; weight: number };
  #weight = 0;
  /**
   * The key that was used last. It is already at the end of the map, so that reading it again does not move
   * it.
   */
  #latest: string | undefined;

  constructor(limits: { entries: number; weight: number }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (key !== this.#latest) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      this.#latest = key;
    }
    return entry.value;
  }

  set(key: string, value: V, weight: number): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#latest = key;
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.entries && this.#weight <= this.#limits.weight) return;
      if (oldest !== key) this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}
