import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { createOpenApiDocument } from "../../protocol/index.ts";
import { DOCS_CSP, renderDocsPage } from "./docs-page.ts";

/** The state of a component in the response of `/readyz`. */
export interface ComponentState {
  readonly status: "up" | "down" | "degraded" | "read-only";
  readonly kind: string;
  /** Why the component is not up. */
  readonly reason?: string;
}

/** Data sources of the routes. */
export interface StandaloneRoutesOptions {
  readonly version: string;
  readonly metrics: Registry;
  readonly database: () => Promise<ComponentState>;
  readonly bus: () => ComponentState;
}

/** Adds the routes of the standalone server that need no authentication: health, metrics and documentation. */
export const addStandaloneRoutes = (app: FastifyInstance, options: StandaloneRoutesOptions): void => {
  const { version, metrics, database, bus } = options;
  // The document and the page are created on demand, because most servers never serve them.
  let document: ReturnType<typeof createOpenApiDocument> | undefined;
  let page: string | undefined;

  app.get("/healthz", async () => ({ status: "up" }));

  app.get("/readyz", async (_, reply) => {
    const components = { database: await database(), bus: bus() };
    // The server stays ready without the event bus: it then polls the database, which is slower but correct.
    const isReady = components.database.status === "up";
    const isHealthy = isReady && components.bus.status === "up";
    if (!isReady) reply.code(503).header("retry-after", "1");
    return { status: isHealthy ? "up" : isReady ? "degraded" : "down", ...components };
  });

  app.get("/metrics", async (_, reply) => {
    const text = await metrics.metrics();
    return reply.type(metrics.contentType).send(text);
  });

  app.get("/openapi.json", async () => {
    document ??= createOpenApiDocument(version);
    return document;
  });

  app.get("/docs", async (_, reply) => {
    page ??= renderDocsPage(version);
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", DOCS_CSP)
      .header("x-content-type-options", "nosniff")
      .send(page);
  });
};
