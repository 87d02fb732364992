import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { createOpenApiDocument } from "../../protocol/index.ts";
import { VERSION } from "../package.ts";
import { DOCS_CSP, renderDocsPage } from "./docs-page.ts";

/** The state of a component in the response of `/readyz`. */
export interface ComponentState {
  readonly status: "up" | "down" | "degraded" | "read-only";
  readonly kind: string;
  /** The reason why the component is not `up`. */
  readonly reason?: string;
}

interface StandaloneRoutesOptions {
  readonly metrics: Registry;
  readonly database: () => Promise<ComponentState>;
  readonly bus: () => ComponentState;
}

/** Adds the routes that need no authentication: health, metrics and documentation. */
export function addStandaloneRoutes(
  app: FastifyInstance,
  { metrics, database, bus }: StandaloneRoutesOptions,
): void {
  app.get("/healthz", async () => ({ status: "up" }));

  app.get("/readyz", async (_, reply) => {
    const components = { database: await database(), bus: bus() };
    // The server is ready even if the event bus is down, because long polls then query the
    // database, which is slower but correct.
    const isReady = components.database.status === "up";
    const isHealthy = isReady && components.bus.status === "up";
    if (!isReady) reply.code(503).header("retry-after", "1");
    return { status: isHealthy ? "up" : isReady ? "degraded" : "down", ...components };
  });

  app.get("/metrics", async (_, reply) => {
    const text = await metrics.metrics();
    return reply.type(metrics.contentType).send(text);
  });

  // The OpenAPI document and the docs page are created on demand, because most servers
  // never serve them.
  let document: ReturnType<typeof createOpenApiDocument> | undefined;
  app.get("/openapi.json", async () => {
    document ??= createOpenApiDocument(VERSION);
    return document;
  });

  let page: string | undefined;
  app.get("/docs", async (_, reply) => {
    page ??= renderDocsPage(VERSION);
    reply.headers({ "content-security-policy": DOCS_CSP, "x-content-type-options": "nosniff" });
    return reply.type("text/html; charset=utf-8").send(page);
  });
}

/**
 * Creates a registry with metrics of the process and of HTTP requests. The plugin adds joblib's
 * metrics to it.
 */
export function createMetrics(app: FastifyInstance): Registry {
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
}
