import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { ATTRIBUTES, SPANS } from "../../protocol/tracing/names.ts";
import { createServer, parseSettings } from "../../server/index.ts";
import { createSender } from "../server/prometheus/scrape.ts";
import { createDatabase } from "../support/postgres.ts";
import { parseExpression } from "./promql.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const readText = (path: string) => readFileSync(join(ROOT, path), "utf8");

const Panel = z.object({
  id: z.int(),
  type: z.enum(["row", "stat", "timeseries"]),
  title: z.string().min(1),
  gridPos: z.object({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1).max(24), h: z.int().min(1) }),
  targets: z.array(z.object({ expr: z.string(), legendFormat: z.string(), refId: z.string() })).default([]),
});
const Dashboard = z.object({
  uid: z.string(),
  schemaVersion: z.int().min(36),
  templating: z.object({ list: z.array(z.object({ name: z.string() })) }),
  panels: z.array(Panel),
});
const Rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(["warning", "critical"]) }),
          annotations: z.object({ summary: z.string() }),
        }),
      ),
    }),
  ),
});

const dashboard = Dashboard.parse(JSON.parse(readText("docs/observability/grafana-dashboard.json")));
const rules = Rules.parse(parse(readText("docs/observability/alerts.yml"))).groups.flatMap(
  ({ rules: all }) => all,
);
const page = readText("docs/observability.md");

const expressions = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
];

/**
 * The names of the labels of each metric, by metric name. The metrics are those of a server that
 * has run a task.
 */
const exposedLabels = new Map<string, Set<string>>();
let app: FastifyInstance;

beforeAll(async () => {
  const database_url = await createDatabase(inject("postgresUrl"));
  app = await createServer({ settings: parseSettings({}, { log_level: "silent", database_url }) });
  const send = createSender(app);
  const job = { category: "docs", name: "Job", schema: {} };
  const { worker_id } = await send<{ worker_id: string }>("PUT", "/rooms/@global/jobs", { body: job });
  const { id } = await send<{ id: string }>("POST", "/rooms/lab/tasks/public:docs:Job", { body: {} });
  await send("POST", "/tasks/claim", { body: { worker_id, start: true } });
  await send("PATCH", `/tasks/${id}`, { body: { worker_id, attempt: 1, status: "completed" } });
  const { body } = await app.inject({ url: "/metrics", headers: { host: "localhost" } });
  for (const [, name = "", labels = ""] of body.matchAll(/^([a-z_0-9]+)(?:\{([^}]*)\})? /gm)) {
    const labelNames = exposedLabels.get(name) ?? new Set();
    exposedLabels.set(name, labelNames);
    for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) labelNames.add(label);
  }
});
afterAll(() => app.close());

/** Returns the name of a metric family, without the suffixes of a histogram's samples. */
const getFamily = (name: string) => name.replace(/_(bucket|sum|count)$/, "");

describe("the dashboard and the alerts", () => {
  test.each(
    expressions,
  )("the expression of “%s” reads only metrics and labels that exist: %s", (_, expression) => {
    const { metrics, labels, errors } = parseExpression(expression);

    expect(errors).toEqual([]);
    expect(metrics.size).toBeGreaterThan(0);
    for (const metric of metrics) expect([...exposedLabels.keys()], expression).toContain(metric);
    // Prometheus adds `instance` to every metric that it scrapes.
    const known = new Set([
      "instance",
      ...[...metrics].flatMap((metric) => [...(exposedLabels.get(metric) ?? [])]),
    ]);
    for (const label of labels) expect([...known], expression).toContain(label);
  });

  test("the dashboard and the alerts use every joblib metric", () => {
    const used = new Set(
      expressions.flatMap(([, expression]) => [...parseExpression(expression).metrics]).map(getFamily),
    );

    const own = new Set(
      [...exposedLabels.keys()].filter((name) => name.startsWith("joblib_")).map(getFamily),
    );
    // `joblib_build_info` is always 1, so no panel or alert uses it.
    own.delete("joblib_build_info");
    expect([...own].filter((name) => !used.has(name))).toEqual([]);
  });

  test("the dashboard's panels have unique ids and do not overlap", () => {
    const { panels } = dashboard;
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    );

    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(["datasource", "server"]);
  });
});

describe("docs/observability.md", () => {
  test("docs/observability.md names every span and every attribute", () => {
    for (const name of [...Object.values(SPANS), ...Object.values(ATTRIBUTES)]) {
      expect(page).toContain(`\`${name}`);
    }
  });

  test("docs/observability.md names every metric of the server, and no others", () => {
    const own = new Set(
      [...exposedLabels.keys()].filter((name) => name.startsWith("joblib_")).map(getFamily),
    );
    const named = new Set([...page.matchAll(/`(joblib_[a-z_]+)/g)].map(([, name = ""]) => name));

    expect([...named].toSorted()).toEqual([...own].toSorted());
  });
});
