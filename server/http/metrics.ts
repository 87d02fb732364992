import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { FastHistogram } from "../prometheus/fast-histogram.ts";
import { VERSION } from "../version.ts";

/** The registry of a server of our own: its process, and how long its answers take. The plugin adds what it counts. */
export const createMetrics = (app: FastifyInstance): Registry => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: "joblib_build_info", help: "joblib's version", labelNames: ["version"], registers }).set(
    { version: VERSION },
    1,
  );
  const durations = new FastHistogram(registry, {
    name: "joblib_http_request_duration_seconds",
    help: "From the request to its answer, long-polls included, by route",
    labelNames: ["method", "route", "status"],
    labelsOf: (key) => {
      const [method = "", status, route = ""] = key.split(" ");
      return { method, route, status: Number(status) };
    },
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60],
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "none";
    durations.note(`${request.method} ${reply.statusCode} ${route}`, reply.elapsedTime / 1000);
    done();
  });
  return registry;
};
