import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { VERSION } from "../version.ts";

/** Creates the registry of `joblib serve` with metrics of the process and of HTTP requests; the plugin adds its own. */
export const createMetrics = (app: FastifyInstance): Registry => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "joblib_build_info",
    help: "Version of joblib; the value is always 1",
    labelNames: ["version"],
    registers,
  }).set({ version: VERSION }, 1);
  const durations = new Histogram({
    name: "joblib_http_request_duration_seconds",
    help: "Duration of HTTP requests by route, including long polls",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60],
    registers,
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "none";
    durations.labels(request.method, route, String(reply.statusCode)).observe(reply.elapsedTime / 1000);
    done();
  });
  return registry;
};
