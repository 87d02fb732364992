import { Gauge, type Registry } from "prom-client";
import { getValueWithin } from "../events/resolves-within.ts";
import type { MeterSources } from "../ports.ts";
import type { QueueCounts, QueueDepth } from "../storage/ports/queue-counts.ts";
import { createCachedReader } from "./cached-reader.ts";
import { type JobLabels, OTHER_JOBS } from "./job-labels.ts";

/**
 * Timeout of the read; a slower database is reported as down. Prometheus aborts a scrape after its
 * `scrape_timeout`, by default 10 s, and would then have no metrics at all.
 */
const READ_TIMEOUT_MS = 3_000;

type ReadCounts = () => Promise<QueueCounts | undefined>;

/** Returns a function that reads the counts, or returns undefined if the database does not respond in time. */
const createReader = (sources: MeterSources): ReadCounts => {
  const read = createCachedReader(() => sources.counts());
  return () => getValueWithin(read(), READ_TIMEOUT_MS);
};

/** Creates a gauge that is set from the counts. It has no value if there are no counts. */
const createCountGauge = (
  registers: Registry[],
  { name, help, labelNames = [] }: { name: string; help: string; labelNames?: string[] },
  { read, fill }: { read: ReadCounts; fill: (gauge: Gauge, counts: QueueCounts) => void },
): void => {
  new Gauge({
    name,
    help,
    labelNames,
    registers,
    async collect() {
      const counts = await read();
      this.reset();
      if (counts !== undefined) fill(this, counts);
      else if (labelNames.length === 0) this.remove();
    },
  });
};

const groupByLabel = (
  { jobs, others }: QueueCounts,
  labels: JobLabels,
): ReadonlyMap<string, readonly QueueDepth[]> => {
  const depths = new Map<string, QueueDepth[]>([[OTHER_JOBS, [others]]]);
  for (const job of jobs) {
    const label = labels.getGlobal(job);
    depths.set(label, [...(depths.get(label) ?? []), job]);
  }
  return depths;
};

const createQueueGauges = (registers: Registry[], read: ReadCounts, labels: JobLabels): void => {
  createCountGauge(
    registers,
    {
      name: "joblib_tasks",
      help: "Open tasks by status; due and delayed pending tasks are counted up to one million each",
      labelNames: ["status"],
    },
    {
      read,
      fill: (gauge, { tasks }) => {
        for (const [status, count] of Object.entries(tasks)) gauge.set({ status }, count);
      },
    },
  );
  createCountGauge(
    registers,
    { name: "joblib_tasks_delayed", help: "Pending tasks that are not due yet" },
    { read, fill: (gauge, { delayed }) => gauge.set(delayed) },
  );
  createCountGauge(
    registers,
    {
      name: "joblib_job_due_tasks",
      help: "Due tasks that are not claimed, up to 100,000 for each public job; `other` counts all other jobs",
      labelNames: ["job_name"],
    },
    {
      read,
      fill: (gauge, counts) => {
        for (const [job_name, depths] of groupByLabel(counts, labels)) {
          gauge.set(
            { job_name },
            depths.reduce((sum, { due }) => sum + due, 0),
          );
        }
      },
    },
  );
  createCountGauge(
    registers,
    {
      name: "joblib_job_due_task_age_seconds",
      help: "Age of the oldest due task of a job, in seconds; 0 if no task is due",
      labelNames: ["job_name"],
    },
    {
      read,
      fill: (gauge, counts) => {
        for (const [job_name, depths] of groupByLabel(counts, labels)) {
          gauge.set({ job_name }, Math.max(0, ...depths.map(({ oldestSeconds }) => oldestSeconds ?? 0)));
        }
      },
    },
  );
  createCountGauge(
    registers,
    { name: "joblib_workers_online", help: "Workers with a heartbeat within the worker timeout threshold" },
    { read, fill: (gauge, { workersAlive }) => gauge.set(workersAlive) },
  );
};

/** Creates the gauges. Their values are read when they are scraped. */
export const createGauges = (registry: Registry, sources: MeterSources, labels: JobLabels): void => {
  const registers = [registry];
  const read = createReader(sources);
  createQueueGauges(registers, read, labels);
  new Gauge({
    name: "joblib_database_up",
    help: "1 if the database responds in time, else 0",
    registers,
    async collect() {
      this.set((await read()) === undefined ? 0 : 1);
    },
  });
  new Gauge({
    name: "joblib_event_bus_up",
    help: "1 if events reach every server; if 0, long polls query the database every second",
    registers,
    collect() {
      this.set(sources.isBusUp() ? 1 : 0);
    },
  });
  new Gauge({
    name: "joblib_waiting_claims",
    help: "Claims that wait for a task",
    registers,
    collect() {
      this.set(sources.waitingClaims());
    },
  });
  new Gauge({
    name: "joblib_database_connections",
    help: "PostgreSQL connections of joblib's own pool; missing with an embedded database or the host's pool",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      const pool = sources.pool();
      if (pool === undefined) return;
      this.set({ state: "busy" }, pool.busy);
      this.set({ state: "idle" }, pool.idle);
    },
  });
  new Gauge({
    name: "joblib_database_waiting_statements",
    help: "Statements that wait for a connection of joblib's own pool",
    registers,
    collect() {
      this.set(sources.pool()?.waiting ?? 0);
    },
  });
};
