import type { JobAddress } from "../../protocol/index.ts";
import { LazyClaimedTask } from "./lazy-claimed-task.ts";
import {
  type Claim,
  type ClaimedTaskRow,
  type ClaimRow,
  type ClaimStatementOptions,
  type ClaimSummaryRow,
  numberWorkers,
} from "./queries/claim-tasks.ts";
import { formatTime } from "./rows.ts";

/** What a statement came to for one of its claims. */
export interface ClaimResult {
  /** Null where the worker is gone. */
  readonly jobSet: string | null;
  readonly isServed: boolean;
  /** Tasks that fell due are to be promoted first. */
  readonly isOverdue: boolean;
  /** Rivals took some of what was chosen. */
  readonly isContended: boolean;
  readonly records: readonly LazyClaimedTask[];
}

/** A statement's rows: one for each worker, by its number, and the tasks, best first. */
interface ClaimedRows {
  readonly heads: ReadonlyMap<number, ClaimSummaryRow>;
  readonly tasks: readonly ClaimedTaskRow[];
}

/** Tells the two kinds of rows apart. */
export const splitClaimRows = (rows: readonly ClaimRow[]): ClaimedRows => {
  const heads = new Map<number, ClaimSummaryRow>();
  const tasks: ClaimedTaskRow[] = [];
  for (const row of rows) {
    if (row.id === null) heads.set(row.ordinal, row);
    else tasks.push(row);
  }
  return { heads, tasks: tasks.sort((a, b) => a.ordinal - b.ordinal) };
};

/** Deals a statement's tasks out to the claims whose slots they are for. */
export const distributeTasks = (
  claims: readonly Claim[],
  { heads, tasks }: ClaimedRows,
  { knownBackoff: backoff }: ClaimStatementOptions,
  jobs: ReadonlyMap<string, JobAddress>,
): ClaimResult[] => {
  const numbers = numberWorkers(claims);
  let slots = 0;
  let next = 0;
  return claims.map(({ workerId: asker, limit, start }) => {
    slots += limit;
    const head = heads.get(numbers.get(asker) ?? 0);
    const { worker_id: workerId = null, user_id: userId = null, claimed_at: claimedAt = "" } = head ?? {};
    const isThere = workerId !== null && userId !== null;
    const share = isThere
      ? { workerId, userId, startedAt: start ? formatTime(claimedAt) : null, backoff }
      : undefined;
    const records: LazyClaimedTask[] = [];
    for (let task = tasks[next]; task !== undefined && task.ordinal <= slots; task = tasks[next]) {
      next += 1;
      const job = jobs.get(task.job_id);
      if (share === undefined || job === undefined) throw new Error("nobody's task was claimed");
      records.push(new LazyClaimedTask(task, share, job));
    }
    return {
      jobSet: head?.job_set ?? null,
      isServed: head?.have_same_jobs === true,
      isOverdue: head?.has_unpromoted === true,
      isContended: (head?.selected_count ?? 0) > tasks.length,
      records,
    };
  });
};
