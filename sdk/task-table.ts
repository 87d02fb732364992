const BUCKETS = 256;

/**
 * Tasks in somebody's hands, found by their ids. Not a `Map` or a `Set`: V8 leaves each table that one of those has
 * outgrown pointing to the next, so that one which lived long enough to be tenured keeps all that came and went after it
 * until the next full collection. With 12,000 tasks a second that was a tenth of a worker's time.
 */
export class TaskTable<Task extends { readonly id: string }> implements Iterable<Task> {
  readonly #buckets: readonly Task[][] = Array.from({ length: BUCKETS }, () => []);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(id: string): Task | undefined {
    return this.#bucketOf(id).find((task) => task.id === id);
  }

  add(task: Task): void {
    this.#bucketOf(task.id).push(task);
    this.#size += 1;
  }

  /** False where it was not there. */
  delete(task: Task): boolean {
    const bucket = this.#bucketOf(task.id);
    const at = bucket.indexOf(task);
    const last = at === -1 ? undefined : bucket.pop();
    if (last === undefined) return false;
    if (last !== task) bucket[at] = last;
    this.#size -= 1;
    return true;
  }

  /** Those that are there now, in no order. */
  [Symbol.iterator](): IterableIterator<Task> {
    return this.#buckets.flat().values();
  }

  /** By the end of the id, which in a UUID of version 7 is its random part. */
  #bucketOf(id: string): Task[] {
    const hash = id.charCodeAt(id.length - 1) * 31 + id.charCodeAt(id.length - 2);
    return this.#buckets[hash & (BUCKETS - 1)] as Task[];
  }
}
