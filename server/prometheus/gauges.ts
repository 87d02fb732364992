import { Gauge, type Registry } from "prom-client";
import { resolvesWithin } from "../events/resolves-within.ts";
import type { MeterSources } from "../meter.ts";
import type { QueueCounts, QueueDepth } from "../storage/queue-counts.ts";
import { createCachedReader } from "./cached-reader.ts";
import { type JobLabels, OTHER_JOBS } from "./job-labels.ts";

/** A database that is slower than that is told as down: whoever scrapes gives up after ten seconds, and would know nothing. */
const PATIENCE_MS = 3_000;

type Read = () => Promise<QueueCounts | undefined>;

/** The counts, or undefined where the database does not say in time. */
const reader = (watched: MeterSources): Read => {
  const read = createCachedReader(() => watched.counts());
  return async () => {
    const reading = read();
    return (await resolvesWithin(reading, PATIENCE_MS)) ? reading : undefined;
  };
};

/** A gauge that is filled from the counts, and empty where there are none. */
const counted = (
  registers: Registry[],
  { name, help, labelNames = [] }: { name: string; help: string; labelNames?: string[] },
  { read, fill }: { read: Read; fill: (gauge: Gauge, counts: QueueCounts) => void },
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

const perJob = (
  { jobs, others }: QueueCounts,
  labels: JobLabels,
): ReadonlyMap<string, readonly QueueDepth[]> => {
  const all = new Map<string, QueueDepth[]>([[OTHER_JOBS, [others]]]);
  for (const job of jobs) {
    const label = labels.named(job);
    all.set(label, [...(all.get(label) ?? []), job]);
  }
  return all;
};

const queueGauges = (registers: Registry[], read: Read, labels: JobLabels): void => {
  counted(
    registers,
    {
      name: "joblib_tasks",
      help: "Open tasks; pending ones are counted to two million",
      labelNames: ["status"],
    },
    {
      read,
      fill: (gauge, { tasks }) => {
        for (const [status, count] of Object.entries(tasks)) gauge.set({ status }, count);
      },
    },
  );
  counted(
    registers,
    { name: "joblib_tasks_delayed", help: "Pending tasks whose time has not come" },
    { read, fill: (gauge, { delayed }) => gauge.set(delayed) },
  );
  counted(
    registers,
    {
      name: "joblib_job_due_tasks",
      help: "Tasks that wait for a worker, by global job to 100,000 each; other: of all other jobs",
      labelNames: ["job_name"],
    },
    {
      read,
      fill: (gauge, counts) => {
        for (const [job_name, depths] of perJob(counts, labels)) {
          gauge.set(
            { job_name },
            depths.reduce((sum, { due }) => sum + due, 0),
          );
        }
      },
    },
  );
  counted(
    registers,
    {
      name: "joblib_job_oldest_seconds",
      help: "How long the next task of a job has been due, of its priorities the longest; 0: none is",
      labelNames: ["job_name"],
    },
    {
      read,
      fill: (gauge, counts) => {
        for (const [job_name, depths] of perJob(counts, labels)) {
          gauge.set({ job_name }, Math.max(0, ...depths.map(({ oldestSeconds }) => oldestSeconds ?? 0)));
        }
      },
    },
  );
  counted(
    registers,
    { name: "joblib_workers_alive", help: "Workers heard of within the threshold" },
    { read, fill: (gauge, { workersAlive }) => gauge.set(workersAlive) },
  );
};

/** What is looked at when somebody asks: the queue, the database, the bus, the pool, who waits. */
export const createGauges = (registry: Registry, watched: MeterSources, labels: JobLabels): void => {
  const registers = [registry];
  const read = reader(watched);
  queueGauges(registers, read, labels);
  new Gauge({
    name: "joblib_database_up",
    help: "1 where the database said in time what the queue is like",
    registers,
    async collect() {
      this.set((await read()) === undefined ? 0 : 1);
    },
  });
  new Gauge({
    name: "joblib_event_bus_up",
    help: "1 where events reach every server; 0: who waits reads the database every second",
    registers,
    collect() {
      this.set(watched.isBusUp() ? 1 : 0);
    },
  });
  new Gauge({
    name: "joblib_waiting_claims",
    help: "Claims that wait for a task",
    registers,
    collect() {
      this.set(watched.waitingClaims());
    },
  });
  new Gauge({
    name: "joblib_database_connections",
    help: "Connections to PostgreSQL of joblib's own; none with an embedded database or a host's pool",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      const use = watched.pool();
      if (use === undefined) return;
      this.set({ state: "busy" }, use.busy);
      this.set({ state: "idle" }, use.idle);
    },
  });
  new Gauge({
    name: "joblib_database_waiting",
    help: "Statements that wait for one of those connections",
    registers,
    collect() {
      this.set(watched.pool()?.waiting ?? 0);
    },
  });
};
