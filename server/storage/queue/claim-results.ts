import type { JobAddress } from "../../../protocol/index.ts";
import { formatTime } from "../rows.ts";
import { LazyClaimedTask } from "./lazy-claimed-task.ts";
import {
  type Claim,
  type ClaimedTaskRow,
  type ClaimRow,
  type ClaimStatementOptions,
  type ClaimSummaryRow,
  numberWorkers,
} from "./statements/claim-tasks.ts";

/** The result of one claim of a batch. */
export interface ClaimResult {
  /** Key of the set of the worker's jobs; null if the worker is gone. */
  readonly jobSet: string | null;
  /**
   * True if all workers of the batch exist and are linked to the same jobs. Otherwise the statement claims
   * nothing.
   */
  readonly hasSameJobs: boolean;
  /** True if tasks have become due and must be promoted first. */
  readonly hasUnpromotedTasks: boolean;
  /** True if other transactions changed some of the chosen tasks before they were locked. */
  readonly isContended: boolean;
  readonly records: readonly LazyClaimedTask[];
}

/** The rows of a claim statement. */
interface ClaimRows {
  /** One row for each worker, by the number of the worker in the batch. */
  readonly summaries: ReadonlyMap<number, ClaimSummaryRow>;
  /** The claimed tasks in the order of the queue. */
  readonly tasks: readonly ClaimedTaskRow[];
}

/** Splits the rows of a claim statement into rows of workers and rows of tasks. */
export const splitClaimRows = (rows: readonly ClaimRow[]): ClaimRows => {
  const summaries = new Map<number, ClaimSummaryRow>();
  const tasks: ClaimedTaskRow[] = [];
  for (const row of rows) {
    if (row.id === null) summaries.set(row.ordinal, row);
    else tasks.push(row);
  }
  return { summaries, tasks: tasks.sort((a, b) => a.ordinal - b.ordinal) };
};

/**
 * Distributes the claimed tasks to the claims of the batch, in the order of their `ordinal`: each claim has a
 * range of `limit` ordinals.
 */
export const distributeTasks = (
  claims: readonly Claim[],
  { summaries, tasks }: ClaimRows,
  { knownBackoff: backoff }: ClaimStatementOptions,
  jobs: ReadonlyMap<string, JobAddress>,
): ClaimResult[] => {
  const workerNumbers = numberWorkers(claims);
  let lastSlot = 0;
  let next = 0;
  return claims.map((claim) => {
    lastSlot += claim.limit;
    const summary = summaries.get(workerNumbers.get(claim.workerId) ?? 0);
    const { worker_id: workerId = null, user_id: userId = null, claimed_at: claimedAt = "" } = summary ?? {};
    const hasWorker = workerId !== null && userId !== null;
    const context = hasWorker
      ? { workerId, userId, startedAt: claim.start ? formatTime(claimedAt) : null, backoff }
      : undefined;
    const records: LazyClaimedTask[] = [];
    for (let task = tasks[next]; task !== undefined && task.ordinal <= lastSlot; task = tasks[next]) {
      next += 1;
      const job = jobs.get(task.job_id);
      if (context === undefined || job === undefined) {
        throw new Error("a claimed task has no worker or no job");
      }
      records.push(new LazyClaimedTask(task, context, job));
    }
    return {
      jobSet: summary?.job_set ?? null,
      hasSameJobs: summary?.have_same_jobs === true,
      hasUnpromotedTasks: summary?.has_unpromoted === true,
      isContended: (summary?.selected_count ?? 0) > tasks.length,
      records,
    };
  });
};
