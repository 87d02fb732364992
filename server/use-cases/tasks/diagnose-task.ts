import { type Diagnosis, type DiagnosisReason, formatDuration, isTerminal } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { DiagnosisFacts } from "../../storage/ports/diagnosis.ts";
import type { StoredTask } from "../../storage/task-columns.ts";
import { findReadableTask, taskNotFound } from "./find-task.ts";

/** Time within which an idle worker normally claims a due task, in milliseconds. */
const MAX_CLAIM_DELAY_MS = 15_000;
/** Minimum estimated wait that is shown, in milliseconds. */
const MIN_SHOWN_WAIT_MS = 1_000;
/** Highest exact queue position: the storage counts at most 1,000 tasks ahead. */
const MAX_QUEUE_POSITION = 1_000;

/**
 * A task, the facts about its queue and workers, and the current time in milliseconds since the
 * epoch.
 */
interface DiagnosisInput {
  readonly task: StoredTask;
  readonly queuePosition: number | null;
  readonly facts: DiagnosisFacts;
  readonly now: number;
}

/** Explains why a task is not running, or which worker runs it. Throws a 403 or a 404. */
export async function diagnoseTask(context: Context, caller: Caller, taskId: string): Promise<Diagnosis> {
  const { storage, settings } = context;
  const { task, queuePosition } = await findReadableTask(context, caller, taskId);
  const facts = await storage.diagnosis.findFacts(task.id, settings.worker_timeout_seconds);
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
    sentence: SENTENCES[reason](input),
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
  return facts.busyWorkers < facts.workers ? "worker-idle" : "workers-busy";
}

/** Returns the time at which the task reached its current state. */
function getSince({ task, queuePosition, facts }: DiagnosisInput): string | null {
  if (isTerminal(task.status)) return task.completed_at;
  if (task.status === "running") return task.started_at;
  if (task.status === "claimed") return facts.claimedAt;
  return queuePosition === null ? task.created_at : task.run_at;
}

/**
 * Estimates the milliseconds until the task starts. Assumes that all tasks up to its queue position
 * take the median run time, and that the workers run as many tasks concurrently as now, at least
 * one each. Returns undefined if there is no basis for an estimate.
 */
function estimateWait({ queuePosition, facts }: DiagnosisInput): number | undefined {
  const { medianRunSeconds, workers, leasedTasks } = facts;
  if (queuePosition === null || queuePosition > MAX_QUEUE_POSITION) return undefined;
  if (medianRunSeconds === null || workers === 0) return undefined;
  return (queuePosition * medianRunSeconds * 1000) / Math.max(leasedTasks, workers);
}

const SENTENCES: Readonly<Record<DiagnosisReason, (input: DiagnosisInput) => string>> = {
  "not-due": ({ task, now }) =>
    `The task is scheduled for ${formatTime(task.run_at)}, in ${formatUntil(task.run_at, now)}.`,

  retrying: (input) => {
    const { task, now } = input;
    const failure = `Attempt ${task.runs} of ${task.max_attempts} failed${formatLastError(input)}.`;
    const next = `The next attempt is scheduled for ${formatTime(task.run_at)}, in ${formatUntil(task.run_at, now)}.`;
    return `${failure} ${next}`;
  },

  "job-removed": () =>
    "The job was removed because no worker is registered for it, so no worker will claim this task.",

  "no-worker": ({ facts: { lastActiveAt, drainingWorkers }, now }) => {
    const noWorker = "No worker for this job is online";
    if (drainingWorkers > 0)
      return `${noWorker}: ${drainingWorkers === 1 ? "the only one is" : `all ${drainingWorkers} are`} draining.`;
    return lastActiveAt === null
      ? `${noWorker}.`
      : `${noWorker}. The last one was active ${formatSince(lastActiveAt, now)} ago.`;
  },

  "workers-busy": (input) => {
    const { workers: count, busyWorkers } = input.facts;
    const busy =
      count === 1 ? "The only worker for this job is busy" : `${busyWorkers} of ${count} workers are busy`;
    return `${busy}, and the task is ${formatQueuePosition(input)}.${formatEstimate(input)}`;
  },

  "worker-idle": (input) => {
    const { facts, task, now } = input;
    const idle = facts.workers - facts.busyWorkers;
    const waitedMs = now - Date.parse(task.run_at);
    const position = `The task is ${formatQueuePosition(input)}, and ${idle} of ${facts.workers} ${facts.workers === 1 ? "worker" : "workers"} ${idle === 1 ? "is" : "are"} idle`;
    return waitedMs < MAX_CLAIM_DELAY_MS
      ? `${position}: it will be claimed in a moment.`
      : `${position}, but it has been waiting for ${formatDuration(waitedMs)}: a worker may be registered without listening for tasks.`;
  },

  claimed: (input) => {
    const { claimedAt } = input.facts;
    const since = claimedAt === null ? "" : ` ${formatSince(claimedAt, input.now)} ago`;
    return `Worker ${input.facts.workerName ?? input.task.worker_id} claimed the task${since} and has not started it yet.`;
  },

  running: (input) => {
    const { started_at, worker_id } = input.task;
    const since = started_at === null ? "" : ` for ${formatSince(started_at, input.now)}`;
    const worker = `worker ${input.facts.workerName ?? worker_id}`;
    return `The task has been running${since} on ${worker}${formatAttempt(input)}${formatProgress(input)}.`;
  },

  finished: (input) => {
    const { status, completed_at, started_at } = input.task;
    if (completed_at === null) return `The task is ${status}.`;
    const ran =
      started_at === null ? "" : ` after running for ${formatSince(started_at, Date.parse(completed_at))}`;
    const ended = `The task ${status === "cancelled" ? "was cancelled" : status} ${formatSince(completed_at, input.now)} ago`;
    return `${ended}${ran}${status === "failed" ? formatLastError(input) : ""}.`;
  },
};

/** Formats a time as `2026-11-25 16:00:00 UTC`. */
const formatTime = (time: string) => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
const formatSince = (time: string, now: number) => formatDuration(Math.max(0, now - Date.parse(time)));
const formatUntil = (time: string, now: number) => formatDuration(Date.parse(time) - now);
const formatAttempt = ({ task }: DiagnosisInput) =>
  task.max_attempts === 1 ? "" : ` (attempt ${task.runs} of ${task.max_attempts})`;

function formatQueuePosition({ queuePosition }: DiagnosisInput): string {
  if (queuePosition === null) return "in the queue";
  return queuePosition > MAX_QUEUE_POSITION
    ? "beyond queue position 1,000"
    : `at queue position ${queuePosition}`;
}

function formatEstimate(input: DiagnosisInput): string {
  const waitMs = estimateWait(input);
  const median = input.facts.medianRunSeconds;
  if (waitMs === undefined || median === null) return "";
  const run = ` Similar tasks take ${formatDuration(median * 1000)}`;
  return waitMs < MIN_SHOWN_WAIT_MS
    ? `${run}.`
    : `${run}, so this one should start in about ${formatDuration(waitMs)}.`;
}

function formatLastError({ task }: DiagnosisInput): string {
  const error = task.errors.at(-1)?.error.split("\n")[0] ?? "";
  return error === "" ? "" : ` (${error.length > 200 ? `${error.slice(0, 200)}…` : error})`;
}

function formatProgress({ task }: DiagnosisInput): string {
  const { fraction, message = "" } = task.progress ?? {};
  const percentage = fraction === undefined ? "" : `${Math.round(fraction * 100)}%`;
  const text = [percentage, message].filter((part) => part !== "").join(", ");
  return text === "" ? "" : `: ${text}`;
}
