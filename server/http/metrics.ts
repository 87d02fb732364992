import type { FastifyInstance } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { TaskStatus } from "../../protocol/index.ts";
import type { Meter } from "../meter.ts";
import type { Storage } from "../storage/storage.ts";
import type { Swept } from "../use-cases/sweep.ts";

/** Whose metrics they are, and from when on a worker counts as dead. */
export interface MetricsOptions {
  readonly storage: Pick<Storage, "counts">;
  readonly aliveWithinSeconds: number;
}

/** What is shown, and what has to be told for it. */
export interface Metrics {
  readonly registry: Registry;
  readonly meter: Meter;
}

const meterOn = (registry: Registry): Meter => {
  const registers = [registry];
  const claimed = new Counter({
    name: "joblib_tasks_claimed_total",
    help: "Tasks handed to workers",
    registers,
  });
  const waiting = new Gauge({
    name: "joblib_waiting_requests",
    help: "Requests that are held open",
    registers,
  });
  const sweeps = new Counter({ name: "joblib_sweeps_total", help: "Sweeps of this server", registers });
  const found = new Counter({
    name: "joblib_swept_total",
    help: "What was swept: dead workers, tasks of theirs or over their time, idle jobs, old tasks deleted",
    labelNames: ["what"],
    registers,
  });
  // Shown from the start: a rate needs the 0 before the first.
  for (const what of ["workers", "tasks", "jobs", "deleted"] satisfies (keyof Swept)[])
    found.inc({ what }, 0);
  return {
    claimed: (tasks) => claimed.inc(tasks),
    waiting: (change) => waiting.inc(change),
    swept: (swept) => {
      sweeps.inc();
      for (const [what, count] of Object.entries(swept)) found.inc({ what }, count);
    },
    timedOut: (tasks) => found.inc({ what: "tasks" }, tasks),
  };
};

/** Measures the app's answers and its queue; no label names a room, a user or a task. */
export const createMetrics = (
  app: FastifyInstance,
  { storage, aliveWithinSeconds }: MetricsOptions,
): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const durations = new Histogram({
    name: "joblib_http_request_duration_seconds",
    help: "From the request to its answer, long-polls included, by route",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60],
    registers,
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "none";
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });

  const tasks = new Gauge({ name: "joblib_tasks", help: "Open tasks", labelNames: ["status"], registers });
  new Gauge({
    name: "joblib_workers_alive",
    help: "Workers heard of within the threshold",
    registers,
    async collect() {
      const counts = await storage.counts(aliveWithinSeconds);
      this.set(counts.workersAlive);
      for (const status of TaskStatus.options) {
        if (counts.tasks[status] !== undefined) tasks.set({ status }, counts.tasks[status]);
      }
    },
  });
  return { registry, meter: meterOn(registry) };
};
