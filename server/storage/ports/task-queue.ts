import type { Progress } from "../../../protocol/index.ts";
import type {
  ChooseAssignee,
  ClaimedTaskRecord,
  CompletedTask,
  Completion,
  HeartbeatOutcome,
  InsertOutcome,
  NewTask,
  TaskRecord,
  Transition,
} from "../../records.ts";

export interface InsertOptions {
  readonly aliveWithinSeconds: number;
  /**
   * Chooses a waiting worker to which the new task is assigned directly. A queue may ignore this
   * option, because direct assignment is only an optimization.
   */
  readonly chooseAssignee?: ChooseAssignee;
}

/**
 * The ids of a worker's jobs, sorted, and a key that is the same for all workers with the same
 * jobs.
 */
export interface LinkedJobs {
  readonly key: string;
  readonly ids: readonly string[];
}

export const NO_JOBS: LinkedJobs = { key: "", ids: [] };

/** The progress of a running task, and the worker and attempt that the task must still have. */
export interface ProgressReport {
  readonly id: string;
  readonly progress: Progress;
  readonly workerId?: string;
  readonly attempt?: number;
}

/**
 * The operations that change tasks, from the insert to the end, and the leases of the workers.
 * Every write is fenced: it changes a row only if status, worker and attempt are still as expected.
 * Ids that are not UUIDs match no row. `SimpleTaskQueue` shows how each operation works.
 * `BatchingTaskQueue`, which runs in production, executes many calls in one statement.
 */
export interface TaskQueue {
  /**
   * Inserts all tasks or none. Returns `job-changed` and inserts nothing if a job was removed or
   * changed since it was read. If the idempotency key was used before, returns the task of that
   * request. If a job has room fairness, its tasks are numbered so that claims alternate between
   * the rooms.
   */
  insert(tasks: readonly NewTask[], options: InsertOptions): Promise<InsertOutcome>;
  /**
   * Claims the next due tasks of the worker's jobs by priority and age, skipping locked rows;
   * returns undefined if the worker is gone. Also counts as a heartbeat. Calls `isGone` before it
   * sends the statement, and claims nothing if it returns true, which means that the client has
   * disconnected.
   */
  claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone?: () => boolean,
  ): Promise<readonly ClaimedTaskRecord[] | undefined>;
  /**
   * Returns the jobs that the worker is linked to; none if the worker is gone. The jobs may be
   * outdated, but are at least as new as at the worker's last claim.
   */
  getLinkedJobs(workerId: string): Promise<LinkedJobs>;
  /**
   * Starts, completes, fails or cancels a task by compare-and-set; returns undefined if the row
   * does not match. A task that fails is pending again if it has attempts left. Also counts as a
   * heartbeat of `workerId`.
   */
  transition(step: Transition): Promise<TaskRecord | undefined>;
  /**
   * Completes tasks, each independently of the others, as `transition` does. Returns only what a
   * minimal response needs; undefined for a completion whose row does not match. A task may be
   * listed only once.
   */
  complete(completions: readonly Completion[]): Promise<readonly (CompletedTask | undefined)[]>;
  /**
   * Stores the progress of a task; returns undefined if it is not running, or has another worker or
   * attempt.
   */
  reportProgress(report: ProgressReport): Promise<TaskRecord | undefined>;
  /** Requeues tasks that the worker has claimed and not started; ignores all other tasks. */
  release(workerId: string, taskIds: readonly string[]): Promise<readonly TaskRecord[]>;
  /**
   * Undoes claims of a client that has disconnected. If a claim also started its tasks, the start
   * is undone too, so that it does not count towards `max_attempts`.
   */
  unclaim(claims: readonly Pick<TaskRecord["task"], "id" | "attempt">[]): Promise<readonly TaskRecord[]>;
  /**
   * Records a heartbeat; returns undefined if the worker is gone. `tasks` are the ids of the tasks
   * that the worker has; undefined if the worker sent no list. Claimed tasks that the list does not
   * contain are requeued after `claimGraceSeconds`. A heartbeat that stays open as a long poll is
   * recorded repeatedly with the same list. The list may be outdated, so such a call passes
   * Infinity as `claimGraceSeconds`, and nothing is requeued.
   */
  heartbeat(
    workerId: string,
    tasks: readonly string[] | undefined,
    claimGraceSeconds: number,
  ): Promise<HeartbeatOutcome | undefined>;
}
