import { Counter, Gauge, type Registry } from "prom-client";
import { isTerminal } from "../../protocol/index.ts";
import type { BatchedStatement, LeaseEnd, Meter, MeterSources, SweepResult } from "../ports.ts";
import type { ClaimedTaskRecord, CompletedTask, TaskRecord } from "../records.ts";
import { FastHistogram } from "./fast-histogram.ts";
import { createGauges } from "./gauges.ts";
import { JobLabels } from "./job-labels.ts";

const WAIT_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200];
const RUN_BUCKETS = [...WAIT_BUCKETS, 43_200];
const STATEMENT_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

export class PrometheusMeter implements Meter {
  readonly #registry: Registry;
  readonly #labels = new JobLabels();
  readonly #metrics: ReturnType<typeof createMetrics>;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#metrics = createMetrics(registry);
  }

  submitted(tasks: number): void {
    this.#metrics.submitted.inc(tasks);
  }

  retried(tasks: number): void {
    this.#metrics.retried.inc(tasks);
  }

  claimed(records: readonly ClaimedTaskRecord[]): void {
    this.#metrics.claimed.inc(records.length);
    // If the claim also started its tasks, all of them have the same start time, which comes from
    // the clock of the database.
    const claimedAt = records[0]?.startedAt ?? new Date().toISOString();
    for (const record of records) {
      this.#metrics.waitTimes.record(this.#labels.get(record), getSecondsBetween(record.runAt, claimedAt));
    }
  }

  completed(tasks: readonly CompletedTask[]): void {
    this.#metrics.ended.labels("completed").inc(tasks.length);
    for (const { jobId, runSeconds } of tasks) {
      this.#metrics.runTimes.record(this.#labels.getById(jobId), runSeconds);
    }
  }

  transitioned(records: readonly TaskRecord[], reason: LeaseEnd): void {
    for (const record of records) this.#countChange(record, reason);
  }

  lateResult(outcome: "stored" | "adopted"): void {
    this.#metrics.lateResults.labels(outcome).inc();
    if (outcome === "adopted") this.#metrics.ended.labels("completed").inc();
  }

  claimWoken(found: "tasks" | "nothing"): void {
    this.#metrics.wakeUps.labels(found).inc();
  }

  waitingChanged(kind: "request" | "stream", change: 1 | -1): void {
    (kind === "stream" ? this.#metrics.streams : this.#metrics.longPolls).inc(change);
  }

  sweepFinished({ deleted, ...result }: SweepResult): void {
    this.#metrics.sweeps.inc();
    const counts = Object.entries({ ...result, deleted_tasks: deleted });
    for (const [kind, count] of counts) this.#metrics.swept.labels(kind).inc(count);
  }

  timedOut(tasks: number): void {
    this.#metrics.swept.labels("tasks").inc(tasks);
  }

  statementExecuted(statement: BatchedStatement, calls: number, seconds: number): void {
    this.#metrics.statementCalls.labels(statement).inc(calls);
    this.#metrics.statementDurations.record(statement, seconds);
  }

  watch(sources: MeterSources): void {
    createGauges(this.#registry, sources, this.#labels);
  }

  #countChange(record: TaskRecord, reason: LeaseEnd): void {
    const { status, started_at, completed_at } = record.task;
    if (status === "running") return;
    if (hasFailed(record)) this.#metrics.failed.labels(reason).inc();
    else if (status === "pending") this.#metrics.requeued.inc();
    if (!isTerminal(status)) return;
    this.#metrics.ended.labels(status).inc();
    if (started_at === null || completed_at === null) return;
    this.#metrics.runTimes.record(this.#labels.get(record), getSecondsBetween(started_at, completed_at));
  }
}

/**
 * Returns true if a task became `failed` or `pending` because its last attempt failed. The failed
 * attempts of a cancelled task were already counted before the task was cancelled.
 */
const hasFailed = ({ task: { status, attempt, errors } }: TaskRecord): boolean =>
  (status === "failed" || status === "pending") && errors.at(-1)?.attempt === attempt;

/**
 * Returns the seconds between two timestamps of the API; 0 if the second one is earlier, because
 * clocks can differ. If both times are on the same day, their digits are read directly, because
 * `Date.parse` took two thirds of the time for counting a task in the metrics.
 */
export function getSecondsBetween(from: string, to: string): number {
  const isSameDay = from.startsWith(to.slice(0, 11));
  const seconds = isSameDay
    ? getSecondOfDay(to) - getSecondOfDay(from)
    : (Date.parse(to) - Date.parse(from)) / 1000;
  return Math.max(0, seconds);
}

const getSecondOfDay = (text: string): number =>
  readTwoDigits(text, 11) * 3600 +
  readTwoDigits(text, 14) * 60 +
  readTwoDigits(text, 17) +
  (text.charCodeAt(20) - 48) / 10 +
  readTwoDigits(text, 21) / 1000;

const readTwoDigits = (text: string, at: number): number =>
  (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

function createMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const histogram = (name: string, help: string, labelName: string, buckets: number[]) =>
    new FastHistogram(registry, { name, help, labelName, buckets });
  const metrics = {
    submitted: counter("joblib_tasks_submitted_total", "Submitted tasks"),
    retried: counter("joblib_tasks_retried_total", "Failed or cancelled tasks that a user retried"),
    claimed: counter("joblib_tasks_claimed_total", "Tasks that workers claimed"),
    requeued: counter(
      "joblib_tasks_requeued_total",
      "Claimed tasks that were requeued: released, undelivered, or their worker died before it started them",
    ),
    ended: counter("joblib_tasks_ended_total", "Tasks that ended, by their final status", "status"),
    failed: counter(
      "joblib_attempts_failed_total",
      "Failed attempts, retried or not: reported by the worker, timed out, or lost with their worker",
      "reason",
    ),
    lateResults: counter("joblib_late_results_total", "Late results that were stored or adopted", "outcome"),
    waitTimes: histogram(
      "joblib_task_wait_seconds",
      "Time from when a task was due to its claim",
      "job_name",
      WAIT_BUCKETS,
    ),
    runTimes: histogram(
      "joblib_task_run_seconds",
      "Time from the start of a task's last attempt to its end",
      "job_name",
      RUN_BUCKETS,
    ),
    sweeps: counter("joblib_sweeps_total", "Sweeps by this server"),
    swept: counter(
      "joblib_swept_total",
      "Results of sweeps: removed workers, requeued or failed tasks, removed jobs, and old tasks that were deleted",
      "kind",
    ),
    longPolls: gauge("joblib_long_polls_open", "Open long polls"),
    streams: gauge("joblib_streams_open", "Open event streams"),
    wakeUps: counter(
      "joblib_claim_wakeups_total",
      "Wake-ups of waiting claims that found tasks, or nothing because other workers claimed them first",
      "found",
    ),
    statementCalls: counter(
      "joblib_statement_calls_total",
      "Calls in batched statements; divide by the count of joblib_statement_duration_seconds for the batch size",
      "statement",
    ),
    statementDurations: histogram(
      "joblib_statement_duration_seconds",
      "Duration of batched statements, including the wait for a connection",
      "statement",
      STATEMENT_BUCKETS,
    ),
  };
  exportZeros(metrics.ended, ["completed", "failed", "cancelled"]);
  exportZeros(metrics.failed, ["reported", "timed_out", "lost"]);
  exportZeros(metrics.lateResults, ["stored", "adopted"]);
  exportZeros(metrics.swept, ["workers", "tasks", "jobs", "deleted_tasks"]);
  exportZeros(metrics.wakeUps, ["tasks", "nothing"]);
  return metrics;
}

/** Exports all label values as 0, because PromQL's `rate()` misses the first increase otherwise. */
function exportZeros(counter: Counter, labelValues: readonly string[]): void {
  for (const value of labelValues) counter.labels(value).inc(0);
}
