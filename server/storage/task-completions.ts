import type { JsonValue } from "../../protocol/index.ts";

/**
 * The completion of a task by its worker. It is fenced by worker and attempt. The job of the task has no
 * result schema.
 */
export interface Completion {
  readonly id: string;
  readonly workerId: string;
  readonly attempt: number;
  readonly result?: JsonValue | undefined;
}

/** The members of a completed task that are returned if the client requested a minimal response. */
export interface CompletedTask {
  readonly id: string;
  readonly roomId: string;
  readonly jobId: string;
  readonly completedAt: string;
  /** Duration of the attempt in seconds. */
  readonly runSeconds: number;
}

/** The part of the task storage that completes tasks in batches. */
export interface TaskCompletions {
  /**
   * Completes tasks independently of each other. The result of a completion is undefined if the row does not
   * match it. A task may be named only once. Also counts as a heartbeat of the workers.
   */
  complete(completions: readonly Completion[]): Promise<readonly (CompletedTask | undefined)[]>;
}
