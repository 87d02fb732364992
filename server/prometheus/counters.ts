import { Gauge, type Registry } from "prom-client";
import { isTerminal, type TaskStatus } from "../../protocol/index.ts";
import type { BatchedStatement, LeaseEnd, Meter } from "../ports.ts";
import type { TaskRecord } from "../records.ts";
import { createCounter, createLabeledCounter } from "./fast-counter.ts";
import { FastHistogram } from "./fast-histogram.ts";
import { getSecondsBetween } from "./get-seconds-between.ts";
import type { JobLabels } from "./job-labels.ts";

const WAIT_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200];
const RUN_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 43_200];
const STATEMENT_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

const BY_JOB = { labelNames: ["job_name"], toLabels: (job_name: string) => ({ job_name }) } as const;

/** Returns true if the last attempt of a failed or pending task failed. A cancelled task may have failed earlier. */
const hasFailed = ({ task: { status, attempt, errors } }: TaskRecord): boolean =>
  (status === "failed" || status === "pending") && errors.at(-1)?.attempt === attempt;

type TaskCounters = Pick<
  Meter,
  "submitted" | "retried" | "claimed" | "completed" | "transitioned" | "lateResult"
>;

const createTaskCounters = (registry: Registry, labels: JobLabels): TaskCounters => {
  const countSubmitted = createCounter(registry, {
    name: "joblib_tasks_submitted_total",
    help: "Submitted tasks",
  });
  const countRetried = createCounter(registry, {
    name: "joblib_tasks_retried_total",
    help: "Failed or cancelled tasks that a user retried",
  });
  const countClaimed = createCounter(registry, {
    name: "joblib_tasks_claimed_total",
    help: "Tasks that workers claimed",
  });
  const countRequeued = createCounter(registry, {
    name: "joblib_tasks_requeued_total",
    help: "Claimed tasks that were requeued: released, undelivered, or their worker died before it started them",
  });
  const countEnded = createLabeledCounter<TaskStatus>(
    registry,
    { name: "joblib_tasks_ended_total", help: "Tasks that ended, by their final status" },
    { name: "status", values: ["completed", "failed", "cancelled"] },
  );
  const countFailed = createLabeledCounter<LeaseEnd>(
    registry,
    {
      name: "joblib_attempts_failed_total",
      help: "Failed attempts, retried or not: reported by the worker, timed out, or lost with their worker",
    },
    { name: "reason", values: ["reported", "timed_out", "lost"] },
  );
  const countLate = createLabeledCounter<"stored" | "adopted">(
    registry,
    { name: "joblib_late_results_total", help: "Late results that were stored or adopted" },
    { name: "outcome", values: ["stored", "adopted"] },
  );
  const waitTimes = new FastHistogram(registry, {
    ...BY_JOB,
    name: "joblib_task_wait_seconds",
    help: "Time from when a task was due to its claim",
    buckets: WAIT_BUCKETS,
  });
  const runTimes = new FastHistogram(registry, {
    ...BY_JOB,
    name: "joblib_task_run_seconds",
    help: "Time from the start of a task's last attempt to its end",
    buckets: RUN_BUCKETS,
  });

  const countChange = (record: TaskRecord, reason: LeaseEnd): void => {
    const { status, started_at, completed_at } = record.task;
    if (status === "running") return;
    if (hasFailed(record)) countFailed(reason, 1);
    else if (status === "pending") countRequeued(1);
    if (!isTerminal(status)) return;
    countEnded(status, 1);
    if (started_at === null || completed_at === null) return;
    runTimes.record(labels.get(record), getSecondsBetween(started_at, completed_at));
  };

  return {
    submitted: (tasks) => countSubmitted(tasks),
    retried: (tasks) => countRetried(tasks),
    claimed: (records) => {
      countClaimed(records.length);
      // If a claim also started its tasks, all of them have the same start time, which is from the database's
      // clock.
      const claimedAt = records[0]?.startedAt ?? new Date().toISOString();
      for (const record of records) {
        waitTimes.record(labels.get(record), getSecondsBetween(record.runAt, claimedAt));
      }
    },
    completed: (tasks) => {
      countEnded("completed", tasks.length);
      for (const { jobId, runSeconds } of tasks) runTimes.record(labels.getById(jobId), runSeconds);
    },
    transitioned: (records, reason) => {
      for (const record of records) countChange(record, reason);
    },
    lateResult: (outcome) => {
      countLate(outcome, 1);
      if (outcome === "adopted") countEnded("completed", 1);
    },
  };
};

const createSweepCounters = (registry: Registry): Pick<Meter, "sweepFinished" | "timedOut"> => {
  const countSweeps = createCounter(registry, {
    name: "joblib_sweeps_total",
    help: "Sweeps by this server",
  });
  const countSwept = createLabeledCounter<"workers" | "tasks" | "jobs" | "deleted_tasks">(
    registry,
    {
      name: "joblib_swept_total",
      help: "Results of sweeps: removed workers, requeued or failed tasks, removed jobs, and old tasks that were deleted",
    },
    { name: "kind", values: ["workers", "tasks", "jobs", "deleted_tasks"] },
  );
  return {
    sweepFinished: ({ workers, tasks, jobs, deleted }) => {
      countSweeps(1);
      countSwept("workers", workers);
      countSwept("tasks", tasks);
      countSwept("jobs", jobs);
      countSwept("deleted_tasks", deleted);
    },
    timedOut: (tasks) => countSwept("tasks", tasks),
  };
};

const createWaitCounters = (registry: Registry): Pick<Meter, "waitingChanged" | "claimWoken"> => {
  const registers = [registry];
  const longPolls = new Gauge({ name: "joblib_long_polls_open", help: "Open long polls", registers });
  const streams = new Gauge({ name: "joblib_streams_open", help: "Open event streams", registers });
  const countWakeUps = createLabeledCounter<"tasks" | "nothing">(
    registry,
    {
      name: "joblib_claim_wakeups_total",
      help: "Wake-ups of waiting claims that found tasks, or nothing because other workers claimed them first",
    },
    { name: "found", values: ["tasks", "nothing"] },
  );
  return {
    waitingChanged: (kind, change) => (kind === "stream" ? streams : longPolls).inc(change),
    claimWoken: (found) => countWakeUps(found, 1),
  };
};

const createStatementCounters = (registry: Registry): Pick<Meter, "statementExecuted"> => {
  const countCalls = createLabeledCounter<BatchedStatement>(
    registry,
    {
      name: "joblib_statement_calls_total",
      help: "Calls in batched statements; divide by the count of joblib_statement_duration_seconds for the batch size",
    },
    { name: "statement", values: [] },
  );
  const durations = new FastHistogram(registry, {
    name: "joblib_statement_duration_seconds",
    help: "Duration of batched statements, including the wait for a connection",
    labelNames: ["statement"],
    toLabels: (statement) => ({ statement }),
    buckets: STATEMENT_BUCKETS,
  });
  return {
    statementExecuted: (statement: BatchedStatement, calls, seconds) => {
      countCalls(statement, calls);
      durations.record(statement, seconds);
    },
  };
};

/** Creates the metrics that are updated by events. */
export const createCounters = (registry: Registry, labels: JobLabels): Omit<Meter, "watch"> => ({
  ...createTaskCounters(registry, labels),
  ...createSweepCounters(registry),
  ...createWaitCounters(registry),
  ...createStatementCounters(registry),
});
