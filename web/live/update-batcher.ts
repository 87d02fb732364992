/**
 * Collects values for a short time and passes them on together, so that the page renders only once for many
 * events.
 */
export class UpdateBatcher<Key, Value> {
  readonly #values = new Map<Key, Value>();
  readonly #milliseconds: number;
  readonly #flush: (values: ReadonlyMap<Key, Value>) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number, flush: (values: ReadonlyMap<Key, Value>) => void) {
    this.#milliseconds = milliseconds;
    this.#flush = flush;
  }

  /** Adds a value. A later value with the same key replaces it. */
  add(key: Key, value: Value): void {
    this.#values.set(key, value);
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const values = new Map(this.#values);
      this.#values.clear();
      this.#flush(values);
    }, this.#milliseconds);
  }
}
