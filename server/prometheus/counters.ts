import { Gauge, type Registry } from "prom-client";
import { isTerminal, type TaskStatus } from "../../protocol/index.ts";
import type { BatchedStatement, LeaseEnd, Meter } from "../meter.ts";
import type { TaskRecord } from "../storage/storage.ts";
import type { SweepResult } from "../use-cases/sweep.ts";
import { createCounter, createLabeledCounter } from "./fast-counter.ts";
import { FastHistogram } from "./fast-histogram.ts";
import { getSecondsBetween } from "./get-seconds-between.ts";
import type { JobLabels } from "./job-labels.ts";

const WAIT_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200];
const RUN_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 43_200];
const STATEMENT_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

const BY_JOB = { labelNames: ["job_name"], labelsOf: (job_name: string) => ({ job_name }) } as const;

/** True for a task that is where it is because its last attempt failed; one that is cancelled may have failed before. */
const hasFailed = ({ task: { status, attempt, errors } }: TaskRecord): boolean =>
  (status === "failed" || status === "pending") && errors.at(-1)?.attempt === attempt;

type TaskCounts = Pick<Meter, "submitted" | "reopened" | "claimed" | "completed" | "moved" | "late">;

const taskCounters = (registry: Registry, labels: JobLabels): TaskCounts => {
  const submitted = createCounter(registry, { name: "joblib_tasks_submitted_total", help: "New tasks" });
  const reopened = createCounter(registry, {
    name: "joblib_tasks_reopened_total",
    help: "Failed or cancelled tasks opened again",
  });
  const claimed = createCounter(registry, {
    name: "joblib_tasks_claimed_total",
    help: "Tasks handed to workers",
  });
  const putBack = createCounter(registry, {
    name: "joblib_tasks_put_back_total",
    help: "Claims that came to nothing: given back, never received, or of a worker that died before it began",
  });
  const ended = createLabeledCounter<TaskStatus>(
    registry,
    { name: "joblib_tasks_ended_total", help: "Tasks that came to their end" },
    { name: "status", values: ["completed", "failed", "cancelled"] },
  );
  const failed = createLabeledCounter<LeaseEnd>(
    registry,
    {
      name: "joblib_attempts_failed_total",
      help: "Attempts that failed, tried again or not: reported by the worker, over their time, or lost with it",
    },
    { name: "reason", values: ["reported", "timed_out", "lost"] },
  );
  const late = createLabeledCounter<"kept" | "adopted">(
    registry,
    { name: "joblib_late_results_total", help: "Results of workers that had been given up" },
    { name: "what", values: ["kept", "adopted"] },
  );
  const wait = new FastHistogram(registry, {
    ...BY_JOB,
    name: "joblib_task_wait_seconds",
    help: "From when a task was due to its claim",
    buckets: WAIT_BUCKETS,
  });
  const run = new FastHistogram(registry, {
    ...BY_JOB,
    name: "joblib_task_run_seconds",
    help: "From the start of the last attempt to the task's end",
    buckets: RUN_BUCKETS,
  });

  const move = (record: TaskRecord, why: LeaseEnd): void => {
    const { status, started_at, completed_at } = record.task;
    if (status === "running") return;
    if (hasFailed(record)) failed(why, 1);
    else if (status === "pending") putBack(1);
    if (!isTerminal(status)) return;
    ended(status, 1);
    if (started_at === null || completed_at === null) return;
    run.note(labels.of(record), getSecondsBetween(started_at, completed_at));
  };

  return {
    submitted: (tasks) => submitted(tasks),
    retried: (tasks) => reopened(tasks),
    claimed: (records) => {
      claimed(records.length);
      // One claim starts all of its tasks, at one time of the database's clock, or none of them.
      const at = records[0]?.startedAt ?? new Date().toISOString();
      for (const record of records) wait.note(labels.of(record), getSecondsBetween(record.runAt, at));
    },
    completed: (tasks) => {
      ended("completed", tasks.length);
      for (const { jobId, runSeconds: ranSeconds } of tasks) run.note(labels.ofId(jobId), ranSeconds);
    },
    transitioned: (records, why) => {
      for (const record of records) move(record, why);
    },
    lateResult: (what) => {
      late(what, 1);
      if (what === "adopted") ended("completed", 1);
    },
  };
};

const sweepCounters = (registry: Registry): Pick<Meter, "swept" | "timedOut"> => {
  const sweeps = createCounter(registry, { name: "joblib_sweeps_total", help: "Sweeps of this server" });
  const found = createLabeledCounter<keyof SweepResult>(
    registry,
    {
      name: "joblib_swept_total",
      help: "What was swept: dead workers, tasks of theirs or over their time, idle jobs, old tasks deleted",
    },
    { name: "what", values: ["workers", "tasks", "jobs", "deleted"] },
  );
  return {
    sweepFinished: ({ workers, tasks, jobs, deleted }) => {
      sweeps(1);
      found("workers", workers);
      found("tasks", tasks);
      found("jobs", jobs);
      found("deleted", deleted);
    },
    timedOut: (tasks) => found("tasks", tasks),
  };
};

const waitCounters = (registry: Registry): Pick<Meter, "waiting" | "wokeUp"> => {
  const registers = [registry];
  const requests = new Gauge({
    name: "joblib_waiting_requests",
    help: "Long-polls that are held open",
    registers,
  });
  const streams = new Gauge({
    name: "joblib_streams_open",
    help: "Streams of events that are followed",
    registers,
  });
  const wokeUp = createLabeledCounter<"tasks" | "nothing">(
    registry,
    {
      name: "joblib_claim_wakeups_total",
      help: "Waiting claims that were woken, by what they found: others may have been quicker",
    },
    { name: "found", values: ["tasks", "nothing"] },
  );
  return {
    waitingChanged: (what, change) => (what === "stream" ? streams : requests).inc(change),
    claimWoken: (found) => wokeUp(found, 1),
  };
};

const statementCounters = (registry: Registry): Pick<Meter, "stated"> => {
  const calls = createLabeledCounter<BatchedStatement>(
    registry,
    {
      name: "joblib_statement_calls_total",
      help: "Calls that statements carried; by the count of joblib_statement_seconds, how many share one",
    },
    { name: "statement", values: [] },
  );
  const seconds = new FastHistogram(registry, {
    name: "joblib_statement_seconds",
    help: "How long the statements took that calls share, the wait for a connection included",
    labelNames: ["statement"],
    labelsOf: (statement) => ({ statement }),
    buckets: STATEMENT_BUCKETS,
  });
  return {
    statementExecuted: (statement: BatchedStatement, carried, took) => {
      calls(statement, carried);
      seconds.note(statement, took);
    },
  };
};

/** What is counted as it happens. */
export const createCounters = (registry: Registry, labels: JobLabels): Omit<Meter, "watch"> => ({
  ...taskCounters(registry, labels),
  ...sweepCounters(registry),
  ...waitCounters(registry),
  ...statementCounters(registry),
});
