import type { AttemptError, TaskStatus } from "../../protocol/index.ts";

/** Who could take a task, and what is known of how long that takes. */
export interface DiagnosisFacts {
  /** Alive and linked to its job. */
  readonly workers: number;
  readonly busyWorkers: number;
  /** Tasks that these hold together. */
  readonly leasedTasks: number;
  /** Alive, and linked to it until they were drained. */
  readonly drainingWorkers: number;
  /** Of any worker of the job that is still known, or that ran one of the room's last tasks. */
  readonly lastActiveAt: string | null;
  /** Half of the last tasks took no longer; null where none has completed. */
  readonly medianRunSeconds: number | null;
  readonly isJobRemoved: boolean;
  readonly claimedAt: string | null;
  readonly workerName: string | null;
}

/** What is kept of a task's attempts: its row, and what stands beside it. */
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
  /** Attempts that a result came late for. */
  readonly lateResults: readonly { readonly attempt: number; readonly workerId: string }[];
  /** Of the workers that are still there. */
  readonly workerNames: ReadonlyMap<string, string>;
}

/** What is asked about one task beyond its row. */
export interface DiagnosisStorage {
  prospects(taskId: string, aliveWithinSeconds: number): Promise<DiagnosisFacts | undefined>;
  attempts(taskId: string): Promise<AttemptHistory | undefined>;
}
