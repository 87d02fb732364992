export interface Entry<Item> {
  readonly owner: string;
  readonly item: Item;
  /**
   * Called if the entry is removed from the full queue to make room for an entry of another owner.
   */
  readonly drop: () => void;
}

export interface QueueLimits {
  /** Maximum number of waiting entries of one owner. */
  readonly perOwner: number;
  /** Maximum number of waiting entries of all owners. */
  readonly total: number;
  /** Maximum number of running entries of one owner. */
  readonly running: number;
}

/**
 * A queue of work for threads, which serves the owners of the entries in turn. No owner can fill
 * the queue. If `running` is less than the number of threads, no owner can occupy all threads.
 */
export class FairQueue<Item> {
  readonly #limits: QueueLimits;
  /** Waiting entries by owner. An owner moves to the end after one of its entries was dequeued. */
  readonly #waiting = new Map<string, Entry<Item>[]>();
  readonly #running = new Map<string, number>();
  #size = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Adds an entry. Returns false if its owner has too many entries, or if the queue is full. */
  add(entry: Entry<Item>): boolean {
    const own = this.#waiting.get(entry.owner) ?? [];
    if (own.length >= this.#limits.perOwner) return false;
    if (this.#size >= this.#limits.total && !this.#makeRoom(own.length)) return false;
    this.#waiting.set(entry.owner, [...own, entry]);
    this.#size += 1;
    return true;
  }

  /** Returns the next entry that may run. It counts as running until `finish` is called. */
  dequeue(): Entry<Item> | undefined {
    for (const [owner, [next, ...rest]] of this.#waiting) {
      const running = this.#running.get(owner) ?? 0;
      if (next === undefined || running >= this.#limits.running) continue;
      this.#waiting.delete(owner);
      if (rest.length > 0) this.#waiting.set(owner, rest);
      this.#running.set(owner, running + 1);
      this.#size -= 1;
      return next;
    }
    return undefined;
  }

  finish({ owner }: Entry<Item>): void {
    const running = (this.#running.get(owner) ?? 0) - 1;
    if (running > 0) this.#running.set(owner, running);
    else this.#running.delete(owner);
  }

  clear(): Entry<Item>[] {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#size = 0;
    return all;
  }

  /**
   * Drops the newest entry of the owner with the most entries. If the owner of the new entry would
   * then have at least as many entries, drops nothing and returns false.
   */
  #makeRoom(ownLength: number): boolean {
    const [first] = [...this.#waiting].sort(([, a], [, b]) => b.length - a.length);
    const [owner, entries] = first ?? ["", []];
    const last = entries.at(-1);
    if (last === undefined || entries.length <= ownLength + 1) return false;
    this.#waiting.set(owner, entries.slice(0, -1));
    this.#size -= 1;
    last.drop();
    return true;
  }
}
