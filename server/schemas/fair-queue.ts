/** Something that waits, and for whom. */
export interface Entry<Job> {
  readonly owner: string;
  readonly job: Job;
  /** Called if the entry has to leave so that another owner's may wait. */
  readonly drop: () => void;
}

/** The bounds of a queue: for one owner, for all together, and how many of one owner's may run at once. */
export interface QueueLimits {
  readonly perOwner: number;
  readonly total: number;
  readonly running: number;
}

/**
 * A queue in which owners take turns. One owner's jobs can neither fill it, nor occupy everything that runs them: with
 * `running` below the number of threads, another owner always finds one.
 */
export class FairQueue<Job> {
  readonly #limits: QueueLimits;
  /** In the order of their turns; an owner goes to the end after each. */
  readonly #waiting = new Map<string, Entry<Job>[]>();
  readonly #running = new Map<string, number>();
  #size = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Adds an entry; returns false if its owner has too many already. */
  add(entry: Entry<Job>): boolean {
    const own = this.#waiting.get(entry.owner) ?? [];
    if (own.length >= this.#limits.perOwner) return false;
    if (this.#size >= this.#limits.total && !this.#makeRoom(own.length)) return false;
    this.#waiting.set(entry.owner, [...own, entry]);
    this.#size += 1;
    return true;
  }

  /** Removes and returns the next entry that may run; its owner's count drops when `finish` is called. */
  take(): Entry<Job> | undefined {
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

  /** Says that an entry that `take` returned no longer runs. */
  finish({ owner }: Entry<Job>): void {
    const running = (this.#running.get(owner) ?? 0) - 1;
    if (running > 0) this.#running.set(owner, running);
    else this.#running.delete(owner);
  }

  /** Removes and returns everything that waits. */
  clear(): Entry<Job>[] {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#size = 0;
    return all;
  }

  /** Drops the latest entry of the owner who has most, if that is more than the newcomer's owner has. */
  #makeRoom(ownLength: number): boolean {
    const [owner, longest] = [...this.#waiting].reduce<[string, Entry<Job>[]]>(
      (most, candidate) => (candidate[1].length > most[1].length ? candidate : most),
      ["", []],
    );
    const last = longest.at(-1);
    if (last === undefined || longest.length <= ownLength + 1) return false;
    this.#waiting.set(owner, longest.slice(0, -1));
    this.#size -= 1;
    last.drop();
    return true;
  }
}
