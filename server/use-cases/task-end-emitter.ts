import { isTerminal } from "../../protocol/index.ts";
import type { TaskRecord } from "../storage/storage.ts";

type Told = (record: TaskRecord) => void;

/**
 * Whoever waits in this process for a task's end is handed the row that its last step wrote, in the place of reading
 * it again; what other servers write is heard of on the bus, and read.
 */
export class TaskEndEmitter {
  readonly #waiting = new Map<string, Set<Told>>();

  /** Until the returned function is called. */
  onEnd(taskId: string, told: Told): () => void {
    const others = this.#waiting.get(taskId) ?? new Set();
    this.#waiting.set(taskId, others.add(told));
    return () => {
      others.delete(told);
      if (others.size === 0 && this.#waiting.get(taskId) === others) this.#waiting.delete(taskId);
    };
  }

  /** True where somebody waits here for that task's end, and so wants all of it. */
  isWaiting(taskId: string): boolean {
    return this.#waiting.has(taskId);
  }

  /** A step was written. */
  tell(record: TaskRecord): void {
    if (!isTerminal(record.task.status)) return;
    for (const told of this.#waiting.get(record.task.id) ?? []) told(record);
  }
}
