import type { AttemptError, TaskStatus } from "../../../protocol/index.ts";

/** The workers that could run a task, and the data to estimate its wait. */
export interface DiagnosisFacts {
  /** Number of live workers that are linked to the job. */
  readonly workers: number;
  readonly busyWorkers: number;
  readonly leasedTasks: number;
  /** Number of live workers that were linked to the job before they were drained. */
  readonly drainingWorkers: number;
  /**
   * The latest of these times: the last heartbeat of a linked worker, and the last start or end of
   * a recent task of the same room and job.
   */
  readonly lastActiveAt: string | null;
  /**
   * Median run time of the recent completed tasks of the same room and job; null if there are none.
   */
  readonly medianRunSeconds: number | null;
  readonly isJobRemoved: boolean;
  readonly claimedAt: string | null;
  readonly workerName: string | null;
}

export interface AttemptHistory {
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly workerId: string | null;
  readonly claimedAt: string | null;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly error: string | null;
  readonly errors: readonly AttemptError[];
  readonly endedLeaseWorkerId: string | null;
  readonly endedLeaseReason: "reported" | "cancelled" | "timed_out" | "lost" | null;
  readonly lateResults: readonly { readonly attempt: number; readonly workerId: string }[];
  /** Names of workers by id. Workers that no longer exist are missing. */
  readonly workerNames: ReadonlyMap<string, string>;
}

export interface DiagnosisStorage {
  /** Returns the facts for a diagnosis; undefined if the task does not exist. */
  findFacts(taskId: string, aliveWithinSeconds: number): Promise<DiagnosisFacts | undefined>;
  findAttempts(taskId: string): Promise<AttemptHistory | undefined>;
}
