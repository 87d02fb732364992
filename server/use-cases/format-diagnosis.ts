import { type DiagnosisReason, formatDuration, type Task } from "../../protocol/index.ts";
import type { DiagnosisFacts } from "../storage/diagnosis.ts";

/** A task, what surrounds it, and the moment at which it is told. */
export interface DiagnosisInput {
  readonly task: Omit<Task, "job_name" | "queue_position">;
  readonly queuePosition: number | null;
  readonly prospects: DiagnosisFacts;
  readonly now: number;
}

/** Longer than this a task does not wait for a worker that has nothing to do. */
const PICKED_UP_MS = 15_000;
/** Nothing is told of a wait that is guessed to be shorter. */
const SHORT_MS = 1_000;

const workers = (count: number) => (count === 1 ? "worker" : "workers");
const be = (count: number) => (count === 1 ? "is" : "are");

/** `2026-11-25 16:00:00 UTC`. */
const atTime = (time: string) => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
const agoOf = (time: string, now: number) => formatDuration(Math.max(0, now - Date.parse(time)));

const holder = ({ task, prospects }: DiagnosisInput) =>
  prospects.workerName === null ? `worker ${task.worker_id}` : `worker ${prospects.workerName}`;

const place = ({ queuePosition }: DiagnosisInput) =>
  queuePosition === null ? "" : queuePosition > 1000 ? "beyond number 1,000" : `number ${queuePosition}`;

/** Milliseconds until its turn: the tasks before it, as many at a time as the workers hold now, each as long as its like took. */
export const estimateWait = ({ queuePosition, prospects }: DiagnosisInput): number | undefined => {
  const { medianRunSeconds, workers, holding } = prospects;
  if (queuePosition === null || queuePosition > 1000 || medianRunSeconds === null || workers === 0) {
    return undefined;
  }
  return (queuePosition * medianRunSeconds * 1000) / Math.max(holding, workers);
};

const guess = (about: DiagnosisInput): string => {
  const wait = estimateWait(about);
  const median = about.prospects.medianRunSeconds;
  if (wait === undefined || median === null) return "";
  const run = formatDuration(median * 1000);
  return wait < SHORT_MS
    ? `; such a task takes ${run}`
    : `; such a task takes ${run}, so its turn is in about ${formatDuration(wait)}`;
};

const lastError = ({ task }: DiagnosisInput) => {
  const error = task.errors.at(-1)?.error.split("\n")[0] ?? "";
  return error === "" ? "" : ` (${error.length > 200 ? `${error.slice(0, 200)}…` : error})`;
};

const progressOf = ({ task }: DiagnosisInput) => {
  const { fraction, message } = task.progress ?? {};
  const told = [fraction === undefined ? "" : `${Math.round(fraction * 100)} %`, message ?? ""];
  const text = told.filter((part) => part !== "").join(", ");
  return text === "" ? "" : `, at ${text}`;
};

const attempts = ({ task }: DiagnosisInput) =>
  task.max_attempts === 1 ? "" : ` in attempt ${task.runs} of ${task.max_attempts}`;

const SENTENCES: Readonly<Record<DiagnosisReason, (about: DiagnosisInput) => string>> = {
  "not-due": ({ task, now }) =>
    `It is not to begin before ${atTime(task.run_at)}, which is in ${formatDuration(Date.parse(task.run_at) - now)}.`,

  retrying: (about) => {
    const { task, now } = about;
    const next = `the next begins at ${atTime(task.run_at)}, in ${formatDuration(Date.parse(task.run_at) - now)}`;
    return `Attempt ${task.runs} of ${task.max_attempts} failed${lastError(about)}; ${next} at the earliest.`;
  },

  "job-gone": () => "Its job was removed: no worker is registered for it any more, so nobody will take it.",

  "no-worker": ({ prospects: { lastActiveAt: lastHeard, drainingWorkers: draining }, now }) => {
    const none = "No worker that could run it is online";
    if (draining > 0)
      return `${none}: the ${draining === 1 ? "one" : draining} there ${be(draining)} being drained.`;
    return lastHeard === null ? `${none}.` : `${none}; one was last heard of ${agoOf(lastHeard, now)} ago.`;
  },

  "workers-busy": (about) => {
    const { workers: all, busyWorkers } = about.prospects;
    const who =
      all === 1 ? "The only worker that can run it is busy" : `${busyWorkers} of ${all} workers are busy`;
    return `${who}, and it is ${place(about)} in the queue${guess(about)}.`;
  },

  next: (about) => {
    const { prospects, task, now } = about;
    const free = prospects.workers - prospects.busyWorkers;
    const waits = now - Date.parse(task.run_at);
    const turn = `It is ${place(about)} in the queue, and ${free} ${workers(free)} of ${prospects.workers} ${be(free)} free`;
    return waits < PICKED_UP_MS
      ? `${turn}: it is about to be taken.`
      : `${turn}, but it has waited for ${formatDuration(waits)}: a worker may have registered without listening.`;
  },

  claimed: (about) => {
    const { claimedAt } = about.prospects;
    const since = claimedAt === null ? "" : ` ${agoOf(claimedAt, about.now)} ago`;
    return `${capital(holder(about))} took it${since} and has not begun yet.`;
  },

  running: (about) => {
    const { started_at } = about.task;
    const since = started_at === null ? "" : ` for ${agoOf(started_at, about.now)}`;
    return `It has been running${since}${attempts(about)} on ${holder(about)}${progressOf(about)}.`;
  },

  finished: (about) => {
    const { status, completed_at, started_at } = about.task;
    if (completed_at === null) return `It is ${status}.`;
    const ran = started_at === null ? "" : `, after ${agoOf(started_at, Date.parse(completed_at))}`;
    const ended = `It ${status === "cancelled" ? "was cancelled" : status} ${agoOf(completed_at, about.now)} ago`;
    return `${ended}${ran}${status === "failed" ? lastError(about) : ""}.`;
  },
};

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The answer for a person. */
export const formatDiagnosis = (reason: DiagnosisReason, about: DiagnosisInput): string =>
  SENTENCES[reason](about);
