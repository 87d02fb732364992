import { canMove, isLeased, type TaskStatus } from "../../protocol/index.ts";
import type { Transition } from "../../server/records.ts";

/** The model's state of one task. */
export interface ModelTask {
  readonly id: string;
  readonly priority: number;
  readonly maxAttempts: number;
  status: TaskStatus;
  number: number;
  attempt: number;
  runs: number;
  workerId: string | null;
  failures: number;
}

/**
 * A model of the protocol's task life cycle that uses no database. The test compares the storage
 * with this model.
 */
export class TaskModel {
  readonly tasks: ModelTask[] = [];
  readonly workers = new Set<string>();
  #numbers = 0;

  submit(id: string, priority: number, maxAttempts: number): void {
    const initial = { status: "pending", attempt: 0, runs: 0, workerId: null, failures: 0 } as const;
    this.tasks.push({ ...initial, id, priority, maxAttempts, number: this.#numbers++ });
  }

  /**
   * Claims the pending tasks with the highest priority. Tasks of the same priority are claimed in
   * the order of their numbers.
   */
  claim(workerId: string, limit: number, start: boolean): ModelTask[] {
    const next = this.tasks
      .filter(({ status }) => status === "pending")
      .sort((a, b) => b.priority - a.priority || a.number - b.number)
      .slice(0, limit);
    for (const task of next) {
      task.status = start ? "running" : "claimed";
      task.attempt += 1;
      task.runs += start ? 1 : 0;
      task.workerId = workerId;
    }
    return next;
  }

  /** Applies a transition. Returns false and changes nothing if the transition is not allowed. */
  move(task: ModelTask, step: Omit<Transition, "id">): boolean {
    if (!canMove(task.status, step.to)) return false;
    if (step.workerId !== undefined && step.workerId !== task.workerId) return false;
    if (step.attempt !== undefined && step.attempt !== task.attempt) return false;
    const started = task.status === "running";
    if (step.to === "running") task.runs += 1;
    if (step.to === "failed") this.#fail(task, started);
    else task.status = step.to;
    return true;
  }

  retry(task: ModelTask): boolean {
    if (task.status !== "failed" && task.status !== "cancelled") return false;
    Object.assign(task, { status: "pending", runs: 0, workerId: null, number: this.#numbers++ });
    return true;
  }

  release(workerId: string, tasks: readonly ModelTask[]): ModelTask[] {
    const released = tasks.filter((task) => task.status === "claimed" && task.workerId === workerId);
    for (const task of released) Object.assign(task, { status: "pending", workerId: null });
    return released;
  }

  /**
   * Removes a worker. Its running tasks fail or are retried, and its claimed tasks are requeued.
   */
  removeWorker(workerId: string): void {
    this.workers.delete(workerId);
    for (const task of this.tasks.filter((task) => isLeased(task.status) && task.workerId === workerId)) {
      if (task.status === "running") this.#fail(task, true);
      else Object.assign(task, { status: "pending", workerId: null });
    }
  }

  #fail(task: ModelTask, started: boolean): void {
    task.failures += 1;
    if (!started) task.runs += 1;
    const isRetried = task.runs < task.maxAttempts;
    task.status = isRetried ? "pending" : "failed";
    if (isRetried) task.workerId = null;
  }
}
