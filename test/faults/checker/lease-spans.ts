import { getStepsByTask, memoize, toHistoryTime } from "./evidence.ts";

/** A worker's lease on a task in one attempt, on the history's clock. */
export interface LeaseSpan {
  readonly task: string;
  readonly worker: string;
  readonly attempt: number;
  readonly from: number;
  readonly until: number;
  /** The task's status after the lease; undefined if the lease has not ended. */
  readonly end: string | undefined;
  readonly wasStarted: boolean;
}

/** Returns true if a worker has a lease on a task in this status. */
export const isLeased = (status: string | null): boolean => status === "claimed" || status === "running";

/** Returns every lease that the database has recorded. */
export const findLeases = memoize((evidence): readonly LeaseSpan[] => {
  const leases: LeaseSpan[] = [];
  for (const [task, steps] of getStepsByTask(evidence)) {
    let open: Omit<LeaseSpan, "until" | "end"> | undefined;
    for (const step of steps) {
      const at = toHistoryTime(evidence, step);
      const changesLease = step.from_attempt !== step.to_attempt || step.from_worker !== step.to_worker;
      if (open !== undefined && (!isLeased(step.to_status) || changesLease)) {
        leases.push({ ...open, until: at, end: step.to_status ?? "deleted" });
        open = undefined;
      }
      if (!isLeased(step.to_status)) continue;
      const wasStarted = step.to_status === "running" || open?.wasStarted === true;
      const attempt = step.to_attempt ?? 0;
      open = { ...(open ?? { task, worker: step.to_worker ?? "", attempt, from: at }), wasStarted };
    }
    if (open !== undefined) leases.push({ ...open, until: Number.POSITIVE_INFINITY, end: undefined });
  }
  return leases;
});

export const toLeaseKey = (task: string, worker: string, attempt: number): string =>
  `${task} ${worker.toLowerCase()} ${attempt}`;
