import { type Diagnosis, type DiagnosisReason, isTerminal } from "../../protocol/index.ts";
import { type Caller, canReadTask, forbidden } from "../access.ts";
import type { Context } from "../context.ts";
import { findTask, taskNotFound } from "./await-task.ts";
import { type DiagnosisInput, estimateWait, formatDiagnosis } from "./format-diagnosis.ts";

const reasonOf = ({ task, queuePosition, prospects }: DiagnosisInput): DiagnosisReason => {
  const { status } = task;
  if (isTerminal(status)) return "finished";
  if (status === "running" || status === "claimed") return status;
  if (prospects.isJobRemoved) return "job-gone";
  // A place in the queue is what a task has that is due, by the database's clock.
  if (queuePosition === null) return task.runs > 0 ? "retrying" : "not-due";
  if (prospects.workers === 0) return "no-worker";
  return prospects.busyWorkers < prospects.workers ? "next" : "workers-busy";
};

/** When it came to where it stands. */
const sinceOf = ({ task, queuePosition, prospects }: DiagnosisInput): string | null => {
  if (isTerminal(task.status)) return task.completed_at;
  if (task.status === "running") return task.started_at;
  if (task.status === "claimed") return prospects.claimedAt;
  return queuePosition === null ? task.created_at : task.run_at;
};

const isLeased = ({ task }: DiagnosisInput) => task.status === "claimed" || task.status === "running";

const toDiagnosis = (about: DiagnosisInput): Diagnosis => {
  const { task, queuePosition, prospects, now } = about;
  const reason = reasonOf(about);
  const wait = reason === "workers-busy" ? estimateWait(about) : undefined;
  const isAhead = reason === "not-due" || reason === "retrying";
  return {
    task_id: task.id,
    status: task.status,
    reason,
    sentence: formatDiagnosis(reason, about),
    workers: prospects.workers,
    busy_workers: prospects.busyWorkers,
    queue_position: queuePosition,
    run_at: isAhead ? task.run_at : null,
    expected_at: wait === undefined ? null : new Date(now + wait).toISOString(),
    last_worker_at: reason === "no-worker" ? prospects.lastActiveAt : null,
    worker_id: isLeased(about) ? task.worker_id : null,
    worker_name: isLeased(about) ? prospects.workerName : null,
    since: sinceOf(about),
    progress: task.progress,
  };
};

/** Why a task is not running, or what it is at, for whoever may see it. */
export const diagnoseTask = async (
  context: Pick<Context, "storage" | "settings">,
  caller: Caller,
  taskId: string,
): Promise<Diagnosis> => {
  const record = await findTask(context, taskId);
  if (!(await canReadTask(caller, record))) throw forbidden("task-read");
  const { storage, settings } = context;
  const prospects = await storage.diagnosis.prospects(record.task.id, settings.worker_timeout_threshold);
  if (prospects === undefined) throw taskNotFound();
  const { task, queuePosition } = record;
  return toDiagnosis({ task, queuePosition, prospects, now: Date.now() });
};
