import { toSimpleName } from "./measures/simple-queue.ts";

/** The goal of a row: `atLeast` or `atMost` is required, `want` is the target. */
export type Goal =
  | { readonly atLeast: number; readonly want: number }
  | { readonly atMost: number; readonly want: number };

/** A row of the table: a sample, or the ratio of a sample to a baseline of the same round. */
export interface Row {
  readonly name: string;
  readonly description: string;
  readonly sample: string;
  readonly baseline?: string;
  readonly unit: "ratio" | "s" | "MB" | "parts/s";
  readonly goal: Goal;
}

/** All rows of the table. */
export const rows: readonly Row[] = [
  {
    name: "drain-fast",
    description: "drain, fast settings / BullMQ, fast settings",
    sample: "joblib drain, fast",
    baseline: "BullMQ drain, fast",
    unit: "ratio",
    goal: { atLeast: 1, want: 1.5 },
  },
  {
    name: "drain-graphile",
    description: "drain, fast settings / graphile-worker, fast settings",
    sample: "joblib drain, fast",
    baseline: "graphile-worker drain, fast",
    unit: "ratio",
    goal: { atLeast: 0.5, want: 0.9 },
  },
  {
    name: "drain-one-per-request",
    description: "drain, one task per request, 64 in flight / BullMQ, default settings",
    sample: "joblib drain, one task per request",
    baseline: "BullMQ drain, default",
    unit: "ratio",
    goal: { atLeast: 0.6, want: 1 },
  },
  {
    name: "bulk-submit",
    description: "bulk submit / BullMQ addBulk",
    sample: "joblib bulk submit",
    baseline: "BullMQ addBulk",
    unit: "ratio",
    goal: { atLeast: 1.5, want: 3 },
  },
  {
    name: "single-submit",
    description: "single submits, 64 in flight / pg-boss, default settings",
    sample: "joblib single submits",
    baseline: "pg-boss single submits, default",
    unit: "ratio",
    goal: { atLeast: 3, want: 5 },
  },
  {
    name: "pickup",
    description: "pickup p50 / BullMQ, default settings",
    sample: "joblib pickup p50",
    baseline: "BullMQ pickup p50, default",
    unit: "ratio",
    goal: { atMost: 3, want: 1.7 },
  },
  {
    name: "end-to-end",
    description: "end to end p50 / BullMQ, default settings",
    sample: "joblib end to end p50",
    baseline: "BullMQ end to end p50, default",
    unit: "ratio",
    goal: { atMost: 3.5, want: 2 },
  },
  {
    name: "output-first-part",
    description: "first part of an output from worker to reader p50 / pickup p50",
    sample: "joblib first part p50",
    baseline: "joblib pickup p50",
    unit: "ratio",
    goal: { atMost: 1.5, want: 1 },
  },
  {
    name: "output-rate",
    description: "parts of 100 outputs, one server, from worker to readers",
    sample: "joblib parts of 100 streams",
    unit: "parts/s",
    goal: { atLeast: 5000, want: 20_000 },
  },
  {
    name: "growth-finished",
    description: "lifecycles with 1 M finished tasks / with none",
    sample: "joblib lifecycles, 1 M finished",
    baseline: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "growth-pending",
    description: "lifecycles with 1 M pending tasks of the same job / with none",
    sample: "joblib lifecycles, 1 M pending of the job",
    baseline: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "growth-pending-other",
    description: "lifecycles with 1 M pending tasks of another job / with none",
    sample: "joblib lifecycles, 1 M pending of another",
    baseline: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "growth-jobs",
    description: "lifecycles with 100 jobs per worker / with one",
    sample: "joblib lifecycles, 100 jobs",
    baseline: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "third-drain",
    description: "third drain of one table / first",
    sample: "joblib third drain",
    baseline: "joblib first drain",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "idle-pickup",
    description: "pickup p99 with 1,000 idle workers / with one",
    sample: "joblib pickup p99, 1,000 workers",
    baseline: "joblib pickup p99, one worker",
    unit: "ratio",
    goal: { atMost: 5, want: 2 },
  },
  {
    name: "two-servers",
    description: "drain, two servers on one database / one server",
    sample: "joblib drain, two servers",
    baseline: "joblib drain, one server",
    unit: "ratio",
    goal: { atLeast: 1, want: 1 },
  },
  {
    name: "pglite",
    description: "PGlite, 64 in flight: batching queue / simple queue",
    sample: "PGlite lifecycles",
    baseline: "PGlite lifecycles, simple queue",
    unit: "ratio",
    goal: { atLeast: 4, want: 6 },
  },
  {
    name: "idle-memory",
    description: "server memory with 1,000 waiting workers",
    sample: "joblib server, 1,000 workers",
    unit: "MB",
    goal: { atMost: 250, want: 150 },
  },
  {
    name: "payload-10kb",
    description: "drain, payloads of 10 KB / BullMQ, fast settings",
    sample: "joblib drain, fast, 10 KB",
    baseline: "BullMQ drain, fast, 10 KB",
    unit: "ratio",
    goal: { atLeast: 0.8, want: 1.2 },
  },
  {
    name: "payload-100kb",
    description: "drain, payloads of 100 KB / BullMQ, fast settings",
    sample: "joblib drain, fast, 100 KB",
    baseline: "BullMQ drain, fast, 100 KB",
    unit: "ratio",
    goal: { atLeast: 0.8, want: 1.2 },
  },
  {
    name: "serve-new",
    description: "start of `joblib serve`, new embedded database, until ready",
    sample: "serve, new database",
    unit: "s",
    goal: { atMost: 3, want: 1.5 },
  },
  {
    name: "serve-existing",
    description: "start of `joblib serve`, existing embedded database, until ready",
    sample: "serve, existing database",
    unit: "s",
    goal: { atMost: 1.2, want: 0.7 },
  },
  {
    name: "embedded-memory",
    description: "resident memory of an embedded server after the start",
    sample: "embedded server",
    unit: "MB",
    goal: { atMost: 350, want: 200 },
  },
  {
    name: "cli-version",
    description: "`joblib --version`",
    sample: "joblib --version",
    unit: "s",
    goal: { atMost: 0.1, want: 0.06 },
  },
  {
    name: "cli-run-help",
    description: "`joblib run JOB --help`",
    sample: "joblib run JOB --help",
    unit: "s",
    goal: { atMost: 0.25, want: 0.15 },
  },
];

/** Returns a row that compares the batching queue with the simple queue. */
const compareQueues = (name: string, sample: string, goal: Goal): Row => ({
  name,
  description: `${sample}: batching queue / simple queue`,
  sample,
  baseline: toSimpleName(sample),
  unit: "ratio",
  goal,
});

/** The rows of `--queues`, which show how much faster batches and direct assignment make the queue. */
export const queueRows: readonly Row[] = [
  compareQueues("queue-drain", "joblib drain, fast", { atLeast: 1, want: 2 }),
  compareQueues("queue-drain-one-per-request", "joblib drain, one task per request", { atLeast: 1, want: 2 }),
  compareQueues("queue-bulk-submit", "joblib bulk submit", { atLeast: 1, want: 2 }),
  compareQueues("queue-single-submit", "joblib single submits", { atLeast: 1, want: 2 }),
  compareQueues("queue-pickup", "joblib pickup p50", { atMost: 1, want: 0.8 }),
  compareQueues("queue-end-to-end", "joblib end to end p50", { atMost: 1, want: 0.8 }),
];
