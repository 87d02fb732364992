import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { TaskStatus } from "../../protocol/index.ts";
import type { Storage } from "../storage/storage.ts";

/** Whose metrics they are, and from when on a worker counts as dead. */
export interface MetricsOptions {
  readonly storage: Pick<Storage, "counts">;
  readonly aliveWithinSeconds: number;
}

/** Measures the app's answers and its queue; no label names a room, a user or a task. */
export const createMetrics = (
  app: FastifyInstance,
  { storage, aliveWithinSeconds }: MetricsOptions,
): Registry => {
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
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
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
  return registry;
};
