import { type Diagnosis, type DiagnosisReason, isTerminal } from "../../../protocol/index.ts";
import { type Caller, canReadTask, forbidden } from "../../access.ts";
import type { Context } from "../../context.ts";
import { findTask, taskNotFound } from "./await-task.ts";
import { type DiagnosisInput, estimateWait, formatDiagnosis } from "./format-diagnosis.ts";

const getReason = ({ task, queuePosition, facts }: DiagnosisInput): DiagnosisReason => {
  const { status } = task;
  if (isTerminal(status)) return "finished";
  if (status === "running" || status === "claimed") return status;
  if (facts.isJobRemoved) return "job-removed";
  // A pending task has a queue position only if it is due by the clock of the database.
  if (queuePosition === null) return task.runs > 0 ? "retrying" : "not-due";
  if (facts.workers === 0) return "no-worker";
  return facts.busyWorkers < facts.workers ? "next" : "workers-busy";
};

/** Returns the time at which the task reached its current state. */
const getSince = ({ task, queuePosition, facts }: DiagnosisInput): string | null => {
  if (isTerminal(task.status)) return task.completed_at;
  if (task.status === "running") return task.started_at;
  if (task.status === "claimed") return facts.claimedAt;
  return queuePosition === null ? task.created_at : task.run_at;
};

const isLeased = ({ task }: DiagnosisInput) => task.status === "claimed" || task.status === "running";

const toDiagnosis = (input: DiagnosisInput): Diagnosis => {
  const { task, queuePosition, facts, now } = input;
  const reason = getReason(input);
  const waitMs = reason === "workers-busy" ? estimateWait(input) : undefined;
  const isScheduled = reason === "not-due" || reason === "retrying";
  return {
    task_id: task.id,
    status: task.status,
    reason,
    sentence: formatDiagnosis(reason, input),
    workers: facts.workers,
    busy_workers: facts.busyWorkers,
    queue_position: queuePosition,
    run_at: isScheduled ? task.run_at : null,
    expected_at: waitMs === undefined ? null : new Date(now + waitMs).toISOString(),
    last_worker_at: reason === "no-worker" ? facts.lastActiveAt : null,
    worker_id: isLeased(input) ? task.worker_id : null,
    worker_name: isLeased(input) ? facts.workerName : null,
    since: getSince(input),
    progress: task.progress,
  };
};

/**
 * Explains why a task is not running, or what it is doing, to a caller who can read it. Throws a 403 or a
 * 404.
 */
export const diagnoseTask = async (
  context: Pick<Context, "storage" | "settings">,
  caller: Caller,
  taskId: string,
): Promise<Diagnosis> => {
  const record = await findTask(context, taskId);
  if (!(await canReadTask(caller, record))) throw forbidden("task-read");
  const { storage, settings } = context;
  const facts = await storage.diagnosis.findFacts(record.task.id, settings.worker_timeout_threshold);
  if (facts === undefined) throw taskNotFound();
  const { task, queuePosition } = record;
  return toDiagnosis({ task, queuePosition, facts, now: Date.now() });
};
