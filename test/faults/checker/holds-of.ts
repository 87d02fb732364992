import { once, stepsByTask, timeOf } from "./evidence.ts";

/** A worker's hold on a task in one attempt, on the history's clock. */
export interface Hold {
  readonly task: string;
  readonly worker: string;
  readonly attempt: number;
  readonly from: number;
  readonly until: number;
  /** The status in which it ended; undefined while it lasts. */
  readonly end: string | undefined;
  readonly wasStarted: boolean;
}

/** True where a worker has the task. */
export const isHeld = (status: string | null): boolean => status === "claimed" || status === "running";

/** Every hold that the database has seen. */
export const holdsOf = once((evidence): readonly Hold[] => {
  const holds: Hold[] = [];
  for (const [task, steps] of stepsByTask(evidence)) {
    let open: Omit<Hold, "until" | "end"> | undefined;
    for (const step of steps) {
      const at = timeOf(evidence, step);
      const changesHand = step.from_attempt !== step.to_attempt || step.from_worker !== step.to_worker;
      if (open !== undefined && (!isHeld(step.to_status) || changesHand)) {
        holds.push({ ...open, until: at, end: step.to_status ?? "deleted" });
        open = undefined;
      }
      if (!isHeld(step.to_status)) continue;
      const wasStarted = step.to_status === "running" || open?.wasStarted === true;
      const attempt = step.to_attempt ?? 0;
      open = { ...(open ?? { task, worker: step.to_worker ?? "", attempt, from: at }), wasStarted };
    }
    if (open !== undefined) holds.push({ ...open, until: Number.POSITIVE_INFINITY, end: undefined });
  }
  return holds;
});

/** The name under which a hold is looked up. */
export const holdKey = (task: string, worker: string, attempt: number): string =>
  `${task} ${worker.toLowerCase()} ${attempt}`;
