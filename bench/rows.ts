import { toSimpleName } from "./measures/simple-queue.ts";

/** The goal of a row. `atLeast` or `atMost` is the required value, and `want` is the target. */
export type Goal =
  | { readonly atLeast: number; readonly want: number }
  | { readonly atMost: number; readonly want: number };

/**
 * A row of the results table. It shows a sample, or the ratio of a sample to its baselines in the
 * same round.
 */
export interface Row {
  readonly name: string;
  readonly description: string;
  readonly sample: string;
  /**
   * The row's value is its sample divided by the lowest of these samples. Without baselines, it is
   * the sample itself.
   */
  readonly baselines: readonly string[];
  readonly unit: "ratio" | "s" | "KB" | "MB" | "fps" | "parts/s";
  readonly goal: Goal;
}

/** The parts of a row that describe a comparison. */
type Compared = Pick<Row, "description" | "sample" | "baselines">;

const atLeast = (atLeast: number, want: number): Goal => ({ atLeast, want });
const atMost = (atMost: number, want: number): Goal => ({ atMost, want });

const value = (
  name: string,
  description: string,
  [sample, unit]: [string, Row["unit"]],
  goal: Goal,
): Row => ({
  name,
  description,
  sample,
  baselines: [],
  unit,
  goal,
});

const ratio = (name: string, compared: Compared, goal: Goal): Row => ({
  name,
  ...compared,
  unit: "ratio",
  goal,
});

/**
 * Compares a sample of joblib with the same sample of another library. The names of the two samples
 * differ only in the library.
 */
const compareWithLibrary = (what: string, library: string, description = library): Compared => ({
  description: `${what} / ${description}`,
  sample: `joblib ${what}`,
  baselines: [`${library} ${what}`],
});

/** Compares a latency of joblib with the lowest latency of several libraries. */
const compareWithFastest = (what: string, libraries: readonly string[]): Compared => ({
  description: `${what} / the lowest of ${libraries.join(", ")}`,
  sample: `joblib ${what}`,
  baselines: libraries.map((library) => `${library} ${what}`),
});

/**
 * Compares the task lifecycles (submit, claim, complete) per second under a condition with those of
 * a worker that has one job and an empty task table.
 */
const compareLifecycles = (condition: string, sample: string): Compared => ({
  description: `lifecycles with ${condition}`,
  sample: `joblib lifecycles, ${sample}`,
  baselines: ["joblib lifecycles, empty"],
});

/** Compares two samples of joblib. */
const compareSamples = (description: string, sample: string, baseline: string): Compared => ({
  description,
  sample: `joblib ${sample}`,
  baselines: [`joblib ${baseline}`],
});

const BULLMQ_ON_POSTGRES = "BullMQ on PostgreSQL";
const BULLMQ_DURABLE = "BullMQ with appendfsync always";
/** The libraries that lose no tasks in a crash and report results to the submitter. */
const DURABLE = [BULLMQ_ON_POSTGRES, BULLMQ_DURABLE];

/** The goal of rows that show whether a condition slows joblib down. */
const NO_SLOWDOWN = atLeast(0.85, 0.95);

/** All rows of the results table. */
export const rows: readonly Row[] = [
  ratio("drain-fast", compareWithLibrary("drain, fast", "BullMQ"), atLeast(1.3, 1.5)),
  ratio("drain-graphile", compareWithLibrary("drain, fast", "graphile-worker"), atLeast(0.85, 1)),
  ratio("drain-bullmq-postgres", compareWithLibrary("drain, fast", BULLMQ_ON_POSTGRES), atLeast(1.5, 3)),
  ratio("drain-bullmq-durable", compareWithLibrary("drain, fast", BULLMQ_DURABLE), atLeast(1.5, 3)),
  ratio(
    "drain-one-per-request",
    {
      description: "drain, one task per request, 64 in flight / BullMQ, default settings",
      sample: "joblib drain, one task per request",
      baselines: ["BullMQ drain, default"],
    },
    atLeast(0.9, 1.1),
  ),
  ratio("bulk-submit", compareWithLibrary("bulk submit", "BullMQ", "BullMQ addBulk"), atLeast(2, 3)),
  ratio("single-submit", compareWithLibrary("single submits, 64 in flight", "pg-boss"), atLeast(4, 5)),
  ratio("pickup", compareWithLibrary("pickup p50", "BullMQ"), atMost(2.3, 1.7)),
  ratio("end-to-end", compareWithLibrary("end to end p50", "BullMQ"), atMost(2.8, 2)),
  ratio(
    "pickup-durable",
    compareWithFastest("pickup p50", [...DURABLE, "graphile-worker", "pg-boss with NOTIFY"]),
    atMost(1.2, 0.8),
  ),
  ratio("end-to-end-durable", compareWithFastest("end to end p50", DURABLE), atMost(1.2, 0.8)),
  ratio(
    "output-first-part",
    compareSamples(
      "first part of an output from worker to reader p50 / pickup p50",
      "first part p50",
      "pickup p50",
    ),
    atMost(1.5, 1),
  ),
  value(
    "output-rate",
    "parts of 100 outputs, one server, from worker to readers",
    ["joblib parts of 100 streams", "parts/s"],
    atLeast(5000, 20_000),
  ),
  ratio("growth-finished", compareLifecycles("1 M finished tasks / with none", "1 M finished"), NO_SLOWDOWN),
  ratio(
    "growth-pending",
    compareLifecycles("1 M pending tasks of the same job / with none", "1 M pending of the job"),
    NO_SLOWDOWN,
  ),
  ratio(
    "growth-pending-other",
    compareLifecycles("1 M pending tasks of another job / with none", "1 M pending of another"),
    NO_SLOWDOWN,
  ),
  ratio("growth-jobs", compareLifecycles("100 jobs per worker / with one", "100 jobs"), NO_SLOWDOWN),
  ratio(
    "growth-3000-jobs",
    compareLifecycles("3,000 jobs on one worker / with one", "3,000 jobs"),
    atLeast(0.7, 0.9),
  ),
  ratio(
    "third-drain",
    compareSamples("third drain of one table / first", "third drain", "first drain"),
    NO_SLOWDOWN,
  ),
  ratio(
    "idle-pickup",
    compareSamples(
      "pickup p99 with 1,000 idle workers / with one",
      "pickup p99, 1,000 workers",
      "pickup p99, one worker",
    ),
    atMost(5, 2),
  ),
  ratio(
    "idle-10k-pickup",
    compareSamples(
      "pickup p99 with 10,000 idle workers / with one",
      "pickup p99, 10,000 workers",
      "pickup p99, the first of 10,000",
    ),
    atMost(5, 2),
  ),
  value(
    "idle-10k-memory",
    "server memory per waiting worker, with 10,000 of them",
    ["joblib server, each of 10,000 workers", "KB"],
    atMost(40, 20),
  ),
  ratio(
    "two-servers",
    compareSamples(
      "drain, two servers on one database / one server",
      "drain, two servers",
      "drain, one server",
    ),
    atLeast(1, 1),
  ),
  ratio(
    "pglite",
    {
      description: "PGlite, 64 in flight: batching queue / simple queue",
      sample: "PGlite lifecycles",
      baselines: [toSimpleName("PGlite lifecycles")],
    },
    atLeast(4, 6),
  ),
  value(
    "idle-memory",
    "server memory with 1,000 waiting workers",
    ["joblib server, 1,000 workers", "MB"],
    atMost(200, 150),
  ),
  ratio("payload-10kb", compareWithLibrary("drain, fast, 10 KB", "BullMQ"), atLeast(1, 1.2)),
  ratio("payload-100kb", compareWithLibrary("drain, fast, 100 KB", "BullMQ"), atLeast(1, 1.2)),
  value(
    "serve-new",
    "start of `joblib serve`, new embedded database, until ready",
    ["serve, new database", "s"],
    atMost(3, 1.5),
  ),
  value(
    "serve-existing",
    "start of `joblib serve`, existing embedded database, until ready",
    ["serve, existing database", "s"],
    atMost(1.2, 0.7),
  ),
  value(
    "embedded-memory",
    "resident memory of an embedded server after the start",
    ["embedded server", "MB"],
    atMost(350, 200),
  ),
  value("cli-version", "`joblib --version`", ["joblib --version", "s"], atMost(0.1, 0.06)),
  value("cli-run-help", "`joblib run JOB --help`", ["joblib run JOB --help", "s"], atMost(0.25, 0.15)),
  value(
    "dashboard-content",
    "dashboard of a room with 100,000 tasks, until the first tasks are shown",
    ["dashboard, first content", "s"],
    atMost(1, 0.5),
  ),
  value(
    "dashboard-frames",
    "dashboard with 1,000 events per second",
    ["dashboard, frames", "fps"],
    atLeast(30, 60),
  ),
];

/** Returns a row that compares the batching queue with the simple queue. */
const compareQueues = (name: string, sample: string, goal: Goal): Row =>
  ratio(
    name,
    {
      description: `${sample}: batching queue / simple queue`,
      sample,
      baselines: [toSimpleName(sample)],
    },
    goal,
  );

/**
 * The rows that `--queues` selects. They show how much faster batches and direct assignment make
 * the queue.
 */
export const queueRows: readonly Row[] = [
  compareQueues("queue-drain", "joblib drain, fast", atLeast(1, 2)),
  compareQueues("queue-drain-one-per-request", "joblib drain, one task per request", atLeast(1, 2)),
  compareQueues("queue-bulk-submit", "joblib bulk submit", atLeast(1, 2)),
  compareQueues("queue-single-submit", "joblib single submits, 64 in flight", atLeast(1, 2)),
  compareQueues("queue-pickup", "joblib pickup p50", atMost(1, 0.8)),
  compareQueues("queue-end-to-end", "joblib end to end p50", atMost(1, 0.8)),
];
