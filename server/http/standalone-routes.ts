import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { createOpenApiDocument } from "../../protocol/index.ts";
import { DOCS_CSP, renderDocsPage } from "./docs-page.ts";

/** One part of the server, as `/readyz` shows it. */
export interface ComponentState {
  readonly status: "up" | "down" | "degraded" | "read-only";
  readonly kind: string;
  /** Why it is not up. */
  readonly reason?: string;
}

/** What the routes beside the API tell of. */
export interface StandaloneRoutesOptions {
  readonly version: string;
  readonly metrics: Registry;
  readonly database: () => Promise<ComponentState>;
  readonly bus: () => ComponentState;
}

/** What is open to everybody on the standalone server: health, metrics and documents. */
export const addStandaloneRoutes = (app: FastifyInstance, options: StandaloneRoutesOptions): void => {
  const { version, metrics, database, bus } = options;
  // Made when they are asked for first, which of most servers nobody does.
  let document: ReturnType<typeof createOpenApiDocument> | undefined;
  let page: string | undefined;

  app.get("/healthz", async () => ({ status: "up" }));

  app.get("/readyz", async (_, reply) => {
    const parts = { database: await database(), bus: bus() };
    // Without its bus the server reads the database instead: slower, and still right.
    const isReady = parts.database.status === "up";
    const isWhole = isReady && parts.bus.status === "up";
    if (!isReady) reply.code(503).header("retry-after", "1");
    return { status: isWhole ? "up" : isReady ? "degraded" : "down", ...parts };
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
