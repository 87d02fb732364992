import Fastify, { type FastifyInstance } from "fastify";
import { Client } from "pg";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { createServer, joblib, migrate, openDatabase, parseSettings } from "../../../server/index.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";
import { openEventStream } from "../http/event-stream.ts";
import { createSender, getMetric, scrape } from "./scrape.ts";

let app: FastifyInstance;
beforeAll(async () => {
  const database_url = await createDatabase(inject("postgresUrl"));
  app = await createServer({ settings: parseSettings({}, { log_level: "silent", database_url }) });
});
afterAll(() => app.close());

const send: ReturnType<typeof createSender> = (method, url, options) =>
  createSender(app)(method, url, options);
const metric = (name: string) => getMetric(app, name);

const aWorker = async (name: string) => {
  const body = { category: "m", name, schema: {} };
  const { worker_id } = await send<{ worker_id: string }>("PUT", "/rooms/lab/jobs", { body });
  return worker_id;
};
const submit = (name: string, count = 1) => {
  const tasks = Array.from({ length: count }, () => ({ job_name: `private:m:${name}` }));
  return send("POST", "/rooms/lab/tasks", { body: { tasks } });
};

describe("the metrics of a server", () => {
  test("count who was woken for a task", async () => {
    const worker_id = await aWorker("Woken");
    const claims = Array.from({ length: 3 }, () =>
      send("POST", "/tasks/claim", { body: { worker_id }, prefer: "wait=20" }),
    );
    await eventually(async () => (await metric("joblib_waiting_claims")) === 3);

    await submit("Woken", 3);
    await Promise.all(claims);

    expect(await metric('joblib_claim_wakeups_total{found="tasks"}')).toBe(3);
    expect(await metric('joblib_claim_wakeups_total{found="nothing"}')).toBe(0);
    expect(await metric("joblib_waiting_claims")).toBe(0);
  });

  test("count who was woken for nothing", async () => {
    const worker_id = await aWorker("Nothing");
    const nothing = 'joblib_claim_wakeups_total{found="nothing"}';
    const before = await metric(nothing);
    const claim = send("POST", "/tasks/claim", { body: { worker_id }, prefer: "wait=20" });
    await eventually(async () => (await metric("joblib_waiting_claims")) === 1);

    // The worker registers for one more job: its claim listens anew, and there is nothing to be had.
    await send("PUT", "/rooms/lab/jobs", { body: { category: "m", name: "More", schema: {}, worker_id } });

    await eventually(async () => (await metric(nothing)) > before);
    await submit("Nothing");
    await claim;
  });

  test("count statements and the calls that they carried", async () => {
    const worker_id = await aWorker("Joint");
    const calls = 'joblib_statement_calls_total{statement="submit"}';
    const statements = 'joblib_statement_seconds_count{statement="submit"}';
    const before = [await metric(calls), await metric(statements)];

    await Promise.all(Array.from({ length: 40 }, () => submit("Joint")));

    const carried = (await metric(calls)) - (before[0] ?? 0);
    const sent = (await metric(statements)) - (before[1] ?? 0);
    expect(carried).toBe(40);
    expect(sent).toBeLessThan(40);
    await send("POST", "/tasks/claim", { body: { worker_id } });
    expect(await metric('joblib_statement_calls_total{statement="claim"}')).toBeGreaterThan(0);
  });

  test("tell streams from long-polls", async () => {
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const stream = await openEventStream(`${url}/v1/joblib/rooms/lab/events`, {});

    await eventually(async () => (await metric("joblib_streams_open")) === 1);
    expect(await metric("joblib_waiting_requests")).toBe(0);
    await stream[Symbol.asyncDispose]();

    await eventually(async () => (await metric("joblib_streams_open")) === 0);
  });

  test("show the pool, the bus, the database, the version and the event loop", async () => {
    await submit("Joint");

    const text = await scrape(app);

    expect(text.get("joblib_database_up")).toBe(1);
    expect(text.get("joblib_event_bus_up")).toBe(1);
    // The scrape reads the database itself, over one of them.
    expect(text.get('joblib_database_connections{state="busy"}')).toBeLessThanOrEqual(1);
    expect(text.get('joblib_database_connections{state="idle"}')).toBeGreaterThan(0);
    expect(text.get("joblib_database_waiting")).toBe(0);
    expect([...text.keys()].filter((name) => name.startsWith("joblib_build_info"))).toHaveLength(1);
    expect(text.get("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThan(0);
  });
});

test("a database that is gone is told, and what it alone knows is left out", async () => {
  const url = await createDatabase(inject("postgresUrl"));
  const orm = await openDatabase({ url });
  onTestFinished(() => orm.close());
  await migrate(orm);
  const registry = new Registry();
  const host = Fastify();
  onTestFinished(() => host.close());
  await host.register(joblib, {
    ...{ orm, metrics: registry, getCurrentUserId: () => "ann", getIsAdmin: () => true },
  });
  host.get("/metrics", () => registry.metrics());
  await host.ready();
  expect(await getMetric(host, "joblib_database_up")).toBe(1);
  expect(await getMetric(host, 'joblib_job_due_tasks{job_name="other"}')).toBe(0);

  const admin = new Client({ connectionString: inject("postgresUrl") });
  await admin.connect();
  await admin.query(`drop database ${admin.escapeIdentifier(new URL(url).pathname.slice(1))} with (force)`);
  await admin.end();

  await eventually(async () => (await scrape(host)).get("joblib_database_up") === 0);
  const shown = await scrape(host);
  expect(shown.get('joblib_job_due_tasks{job_name="other"}')).toBeUndefined();
  expect(shown.get("joblib_workers_alive")).toBeUndefined();
  expect(shown.get("joblib_tasks_submitted_total")).toBe(0);
});

test("a Redis that is away is told", async () => {
  const settings = { log_level: "silent", data_dir: "memory://", redis_url: "redis://127.0.0.1:1" } as const;
  const server = await createServer({ settings: parseSettings({}, settings) });
  onTestFinished(() => server.close());
  await server.ready();

  expect((await scrape(server)).get("joblib_event_bus_up")).toBe(0);
  expect((await scrape(server)).get('joblib_database_connections{state="busy"}')).toBeUndefined();
});
