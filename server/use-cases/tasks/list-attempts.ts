import type { Attempt, AttemptOutcome } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { AttemptHistory } from "../../storage/ports/diagnosis.ts";
import { findReadableTask, taskNotFound } from "./find-task.ts";

/**
 * Maximum number of listed attempts. A task can have any number of attempts, because requeued
 * claims are attempts too and `max_attempts` does not limit them.
 */
const MAX_LISTED_ATTEMPTS = 200;

type AttemptFields = Omit<Attempt, "worker_name" | "late_result">;

/** Lists the attempts of a task, oldest first, for a caller who can read it. */
export async function listAttempts(context: Context, caller: Caller, taskId: string): Promise<Attempt[]> {
  const { task } = await findReadableTask(context, caller, taskId);
  const history = await context.storage.diagnosis.findAttempts(task.id);
  if (history === undefined) throw taskNotFound();
  const known = new Map(toFailedAttempts(history).map((one) => [one.attempt, one]));
  if (history.attempt > 0 && !known.has(history.attempt))
    known.set(history.attempt, toLatestAttempt(history));
  const first = Math.max(1, history.attempt - MAX_LISTED_ATTEMPTS + 1);
  return Array.from({ length: history.attempt - first + 1 }, (_, index) => {
    const fields = known.get(first + index) ?? createReleasedAttempt(first + index);
    return {
      ...fields,
      worker_name: fields.worker_id === null ? null : (history.workerNames.get(fields.worker_id) ?? null),
      late_result: history.lateResults.some(({ attempt }) => attempt === fields.attempt),
    };
  });
}

function toFailedAttempts({ errors, attempt, claimedAt, startedAt }: AttemptHistory): AttemptFields[] {
  return errors.map((entry) => ({
    attempt: entry.attempt,
    worker_id: entry.worker_id,
    // Entries that older versions of joblib wrote have no times. The row contains the times of the
    // latest attempt.
    claimed_at: entry.claimed_at ?? (entry.attempt === attempt ? claimedAt : null),
    started_at: entry.started_at ?? (entry.attempt === attempt ? startedAt : null),
    ended_at: entry.at,
    outcome: entry.outcome ?? "failed",
    error: entry.error,
  }));
}

function toLatestAttempt(history: AttemptHistory): AttemptFields {
  const outcome = getLatestOutcome(history);
  const hasEnded = outcome !== "open" && outcome !== "released";
  return {
    attempt: history.attempt,
    worker_id: outcome === "open" || outcome === "completed" ? history.workerId : history.endedLeaseWorkerId,
    claimed_at: history.claimedAt,
    started_at: history.startedAt,
    ended_at: hasEnded ? history.completedAt : null,
    outcome,
    error: outcome === "completed" ? null : history.error,
  };
}

/** Returns the outcome of the latest attempt, derived from the row of the task. */
function getLatestOutcome({
  status,
  workerId,
  endedLeaseWorkerId,
  endedLeaseReason,
}: AttemptHistory): AttemptOutcome {
  if (status === "claimed" || status === "running") return "open";
  // If the task was completed with the late result of another worker, the worker of the latest
  // attempt lost its lease.
  if (status === "completed") return endedLeaseWorkerId === workerId ? "completed" : "lost";
  // If the task was requeued before it was cancelled, it has no worker.
  if (endedLeaseReason === "cancelled") return endedLeaseWorkerId === null ? "released" : "cancelled";
  if (status === "failed") return "failed";
  return endedLeaseReason === "lost" ? "lost" : "released";
}

/** Returns an attempt that was requeued. Only the number of such an attempt is stored. */
function createReleasedAttempt(attempt: number): AttemptFields {
  return {
    attempt,
    ...{ worker_id: null, claimed_at: null, started_at: null, ended_at: null, error: null },
    outcome: "released",
  };
}
