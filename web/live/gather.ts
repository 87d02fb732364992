/** Gathers values for a moment and hands them over together: what comes in a hurry is worth one look, not hundreds. */
export class Gathering<Key, Value> {
  readonly #values = new Map<Key, Value>();
  readonly #milliseconds: number;
  readonly #flush: (values: ReadonlyMap<Key, Value>) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number, flush: (values: ReadonlyMap<Key, Value>) => void) {
    this.#milliseconds = milliseconds;
    this.#flush = flush;
  }

  /** The last value of a key counts. */
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
