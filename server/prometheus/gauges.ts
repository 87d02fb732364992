import { Gauge, type GaugeConfiguration, type Registry } from "prom-client";
import { getValueWithin } from "../events/resolves-within.ts";
import type { MeterSources } from "../ports.ts";
import type { QueueCounts, QueueDepth } from "../storage/ports/storage.ts";
import { type JobLabels, OTHER_JOBS } from "./job-labels.ts";

/**
 * Maximum time for the queries of a scrape, in milliseconds. A slower database is reported as down.
 * By default, Prometheus aborts a scrape after 10 s.
 */
const READ_TIMEOUT_MS = 3_000;

export function createGauges(registry: Registry, sources: MeterSources, labels: JobLabels): void {
  const readCached = createCachedReader(() => sources.counts());
  const readCounts = () => getValueWithin(readCached(), READ_TIMEOUT_MS);
  createQueueGauges(registry, readCounts, labels);
  const create = (name: string, help: string, read: () => number | Promise<number>) =>
    createGauge(registry, { name, help }, async (gauge) => gauge.set(await read()));
  create("joblib_database_up", "1 if the database responds in time, else 0", async () =>
    Number((await readCounts()) !== undefined),
  );
  create(
    "joblib_event_bus_up",
    "1 if events reach every server; if 0, long polls query the database every second",
    () => Number(sources.isBusUp()),
  );
  create("joblib_waiting_claims", "Claims that wait for a task", () => sources.waitingClaims());
  create(
    "joblib_database_waiting_statements",
    "Statements that wait for a connection of joblib's own pool",
    () => sources.pool()?.waiting ?? 0,
  );
  createGauge(
    registry,
    {
      name: "joblib_database_connections",
      help: "PostgreSQL connections of joblib's own pool; missing with an embedded database or the pool of the host application",
      labelNames: ["state"],
    },
    (gauge) => {
      gauge.reset();
      const pool = sources.pool();
      if (pool === undefined) return;
      gauge.set({ state: "busy" }, pool.busy);
      gauge.set({ state: "idle" }, pool.idle);
    },
  );
}

/** Creates gauges that have no value if the database does not respond in time. */
function createQueueGauges(
  registry: Registry,
  readCounts: () => Promise<QueueCounts | undefined>,
  labels: JobLabels,
): void {
  type Fill = (gauge: Gauge, counts: QueueCounts) => void;
  const create = (name: string, help: string, labelNames: string[], fill: Fill) =>
    createGauge(registry, { name, help, labelNames }, async (gauge) => {
      const counts = await readCounts();
      gauge.reset();
      if (counts === undefined) gauge.remove({});
      else fill(gauge, counts);
    });
  create(
    "joblib_tasks",
    "Unfinished tasks by status; due and delayed pending tasks are counted up to one million each",
    ["status"],
    (gauge, { tasks }) => {
      for (const [status, count] of Object.entries(tasks)) gauge.set({ status }, count);
    },
  );
  create("joblib_tasks_delayed", "Pending tasks that are not due yet", [], (gauge, { delayed }) =>
    gauge.set(delayed),
  );
  create(
    "joblib_job_due_tasks",
    "Due tasks that are not claimed, up to 100,000 for each public job; `other` counts all other jobs",
    ["job_name"],
    (gauge, counts) => {
      for (const [job_name, { due }] of listDepths(counts, labels)) gauge.inc({ job_name }, due);
    },
  );
  create(
    "joblib_job_due_task_age_seconds",
    "Age of the oldest due task of a job, in seconds; 0 if no task is due",
    ["job_name"],
    (gauge, counts) => {
      const ages = new Map<string, number>();
      for (const [job_name, { oldestSeconds }] of listDepths(counts, labels)) {
        ages.set(job_name, Math.max(oldestSeconds ?? 0, ages.get(job_name) ?? 0));
      }
      for (const [job_name, age] of ages) gauge.set({ job_name }, age);
    },
  );
  create(
    "joblib_workers_online",
    "Workers with a heartbeat within the worker timeout",
    [],
    (gauge, { workersAlive }) => gauge.set(workersAlive),
  );
}

/** Creates a gauge that `fill` sets at each scrape. */
function createGauge(
  registry: Registry,
  configuration: Pick<GaugeConfiguration<string>, "name" | "help" | "labelNames">,
  fill: (gauge: Gauge) => void | Promise<void>,
): void {
  new Gauge({
    ...configuration,
    registers: [registry],
    collect() {
      return fill(this);
    },
  });
}

/**
 * Returns the queue depth of each job, with the label of the job. Several jobs can have the same
 * label.
 */
const listDepths = ({ jobs, others }: QueueCounts, labels: JobLabels): (readonly [string, QueueDepth])[] => [
  [OTHER_JOBS, others],
  ...jobs.map((job) => [labels.getGlobal(job), job] as const),
];

const MIN_LIFETIME_MS = 1_000;
/**
 * Ratio of the cache lifetime to the duration of a query, so that queries run for at most 5 % of
 * the time.
 */
const LIFETIME_PER_READ_DURATION = 19;

/**
 * Returns a function that shares one call of `read` between all callers, and caches its result or
 * error.
 */
export function createCachedReader<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let cached: Promise<Value> | undefined;
  let expiresAt = 0;
  return () => {
    if (cached !== undefined && performance.now() < expiresAt) return cached;
    const startedAt = performance.now();
    expiresAt = Number.POSITIVE_INFINITY;
    cached = read().finally(() => {
      const now = performance.now();
      expiresAt = now + Math.max(MIN_LIFETIME_MS, (now - startedAt) * LIFETIME_PER_READ_DURATION);
    });
    return cached;
  };
}
