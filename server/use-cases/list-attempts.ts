import type { Attempt, AttemptOutcome } from "../../protocol/index.ts";
import { type Caller, canReadTask, forbidden } from "../access.ts";
import type { Context } from "../context.ts";
import type { AttemptHistory } from "../storage/diagnosis.ts";
import { findTask, taskNotFound } from "./await-task.ts";

/** Claims that came to nothing leave no trace but their number, and there may be any number of them. */
const MOST_SHOWN = 200;

type Kept = Omit<Attempt, "worker_name" | "late_result">;

const nothingKnown = (attempt: number): Kept => ({
  attempt,
  ...{ worker_id: null, claimed_at: null, started_at: null, ended_at: null, error: null },
  outcome: "released",
});

/** How the attempt that the row is in, or was in last, stands: one that failed is among the errors. */
const outcomeOf = ({
  status,
  workerId,
  endedLeaseWorkerId: holdEndedWorkerId,
  endedLeaseReason: holdEndedReason,
}: AttemptHistory): AttemptOutcome => {
  if (status === "claimed" || status === "running") return "open";
  // Completed by the late result of another: whoever held it then lost it.
  if (status === "completed") return holdEndedWorkerId === workerId ? "completed" : "lost";
  // A task that nobody held was cancelled, after it had been given back.
  if (holdEndedReason === "cancelled") return holdEndedWorkerId === null ? "released" : "cancelled";
  if (status === "failed") return "failed";
  return holdEndedReason === "lost" ? "lost" : "released";
};

const current = (kept: AttemptHistory): Kept => {
  const outcome = outcomeOf(kept);
  const isEnded = outcome !== "open" && outcome !== "released";
  return {
    attempt: kept.attempt,
    worker_id: outcome === "open" || outcome === "completed" ? kept.workerId : kept.endedLeaseWorkerId,
    claimed_at: kept.claimedAt,
    started_at: kept.startedAt,
    ended_at: isEnded ? kept.completedAt : null,
    outcome,
    error: outcome === "completed" ? null : kept.error,
  };
};

const failed = ({ errors, attempt, claimedAt, startedAt }: AttemptHistory): Kept[] =>
  errors.map((entry) => ({
    attempt: entry.attempt,
    worker_id: entry.worker_id,
    // Of the last one the row still knows what older entries do not say.
    claimed_at: entry.claimed_at ?? (entry.attempt === attempt ? claimedAt : null),
    started_at: entry.started_at ?? (entry.attempt === attempt ? startedAt : null),
    ended_at: entry.at,
    outcome: entry.outcome ?? "failed",
    error: entry.error,
  }));

/** All attempts of what is kept, oldest first: a number that nothing is known of was claimed and given back. */
export const toAttempts = (kept: AttemptHistory): Attempt[] => {
  const known = new Map(failed(kept).map((one) => [one.attempt, one]));
  if (kept.attempt > 0 && !known.has(kept.attempt)) known.set(kept.attempt, current(kept));
  const first = Math.max(1, kept.attempt - MOST_SHOWN + 1);
  const numbers = Array.from({ length: kept.attempt - first + 1 }, (_, index) => first + index);
  return numbers
    .map((number) => known.get(number) ?? nothingKnown(number))
    .map((one) => ({
      ...one,
      worker_name: one.worker_id === null ? null : (kept.workerNames.get(one.worker_id) ?? null),
      late_result: kept.lateResults.some(({ attempt }) => attempt === one.attempt),
    }));
};

/** Who had a task when, for whoever may see it. */
export const listAttempts = async (context: Context, caller: Caller, taskId: string): Promise<Attempt[]> => {
  const record = await findTask(context, taskId);
  if (!(await canReadTask(caller, record))) throw forbidden("task-read");
  const kept = await context.storage.diagnosis.attempts(record.task.id);
  if (kept === undefined) throw taskNotFound();
  return toAttempts(kept);
};
