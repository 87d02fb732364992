import { isTerminal } from "../../protocol/index.ts";
import type { TaskRecord } from "../records.ts";

type Listener = (record: TaskRecord) => void;

/**
 * Passes the final row of a task to requests of this process that wait for its end, so that they do not have
 * to read it. If another server ends the task, this process gets an event from the bus and reads the row from
 * the database.
 */
export class TaskEndEmitter {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** Adds a listener for the end of a task. Returns a function that removes it. */
  onEnd(taskId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(taskId) ?? new Set();
    this.#listeners.set(taskId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(taskId) === listeners) this.#listeners.delete(taskId);
    };
  }

  /** Returns true if a request waits for the end of the task and therefore needs its whole row. */
  hasListener(taskId: string): boolean {
    return this.#listeners.has(taskId);
  }

  /** Notifies the listeners of a task if it has ended. */
  emit(record: TaskRecord): void {
    if (!isTerminal(record.task.status)) return;
    for (const listener of this.#listeners.get(record.task.id) ?? []) listener(record);
  }
}
