import { type Diagnosis, type DiagnosisReason, isTerminal } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { findReadableTask, taskNotFound } from "./find-task.ts";
import { type DiagnosisInput, estimateWait, formatDiagnosis } from "./format-diagnosis.ts";

/**
 * Explains why a task is not running, or what it is doing, to a caller who can read it. Throws a 403 or a
 * 404.
 */
export async function diagnoseTask(
  context: Pick<Context, "storage" | "settings">,
  caller: Caller,
  taskId: string,
): Promise<Diagnosis> {
  const { storage, settings } = context;
  const { task, queuePosition } = await findReadableTask(context, caller, taskId);
  const facts = await storage.diagnosis.findFacts(task.id, settings.worker_timeout_threshold);
  if (facts === undefined) throw taskNotFound();
  return toDiagnosis({ task, queuePosition, facts, now: Date.now() });
}

function toDiagnosis(input: DiagnosisInput): Diagnosis {
  const { task, queuePosition, facts, now } = input;
  const { status } = task;
  const reason = getReason(input);
  const waitMs = reason === "workers-busy" ? estimateWait(input) : undefined;
  const isScheduled = reason === "not-due" || reason === "retrying";
  const isLeased = status === "claimed" || status === "running";
  return {
    task_id: task.id,
    status,
    reason,
    sentence: formatDiagnosis(reason, input),
    workers: facts.workers,
    busy_workers: facts.busyWorkers,
    queue_position: queuePosition,
    run_at: isScheduled ? task.run_at : null,
    expected_at: waitMs === undefined ? null : new Date(now + waitMs).toISOString(),
    last_worker_at: reason === "no-worker" ? facts.lastActiveAt : null,
    worker_id: isLeased ? task.worker_id : null,
    worker_name: isLeased ? facts.workerName : null,
    since: getSince(input),
    progress: task.progress,
  };
}

function getReason({ task, queuePosition, facts }: DiagnosisInput): DiagnosisReason {
  const { status } = task;
  if (isTerminal(status)) return "finished";
  if (status === "running" || status === "claimed") return status;
  if (facts.isJobRemoved) return "job-removed";
  // A pending task has a queue position only if it is due by the clock of the database.
  if (queuePosition === null) return task.runs > 0 ? "retrying" : "not-due";
  if (facts.workers === 0) return "no-worker";
  return facts.busyWorkers < facts.workers ? "next" : "workers-busy";
}

/** Returns the time at which the task reached its current state. */
function getSince({ task, queuePosition, facts }: DiagnosisInput): string | null {
  if (isTerminal(task.status)) return task.completed_at;
  if (task.status === "running") return task.started_at;
  if (task.status === "claimed") return facts.claimedAt;
  return queuePosition === null ? task.created_at : task.run_at;
}
