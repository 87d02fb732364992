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
const get = (name: string) => getMetric(app, name);

const registerWorker = async (name: string) => {
  const body = { category: "m", name, schema: {} };
  const { worker_id } = await send<{ worker_id: string }>("PUT", "/rooms/lab/jobs", { body });
  return worker_id;
};
const submit = (name: string, count = 1) => {
  const tasks = Array.from({ length: count }, () => ({ job_name: `private:m:${name}` }));
  return send("POST", "/rooms/lab/tasks", { body: { tasks } });
};

describe("server metrics", () => {
  test("the server metrics count the waiting claims that were woken and found a task", async () => {
    const worker_id = await registerWorker("Woken");
    const executed = 'joblib_statement_calls_total{statement="claim"}';
    const before = await get(executed);
    const claims = Array.from({ length: 3 }, () =>
      send("POST", "/tasks/claim", { body: { worker_id }, prefer: "wait=20" }),
    );
    // Each of the three claims searches for tasks twice: when it starts, and after it has
    // subscribed to the channels of its jobs.
    await eventually(async () => (await get(executed)) === before + 6);
    expect(await get("joblib_waiting_claims")).toBe(3);

    await submit("Woken", 3);
    await Promise.all(claims);

    expect(await get('joblib_claim_wakeups_total{found="tasks"}')).toBe(3);
    expect(await get('joblib_claim_wakeups_total{found="nothing"}')).toBe(0);
    expect(await get("joblib_waiting_claims")).toBe(0);
  });

  test("the server metrics count the waiting claims that were woken and found nothing", async () => {
    const worker_id = await registerWorker("Nothing");
    const nothing = 'joblib_claim_wakeups_total{found="nothing"}';
    const before = await get(nothing);
    const claim = send("POST", "/tasks/claim", { body: { worker_id }, prefer: "wait=20" });
    await eventually(async () => (await get("joblib_waiting_claims")) === 1);

    // After the worker registers for another job, its claim subscribes again and searches the
    // queues of both jobs, which are empty.
    await send("PUT", "/rooms/lab/jobs", { body: { category: "m", name: "More", schema: {}, worker_id } });

    await eventually(async () => (await get(nothing)) > before);
    await submit("Nothing");
    await claim;
  });

  test("the server metrics count statements, and the calls that share a statement", async () => {
    const worker_id = await registerWorker("Batch");
    const calls = 'joblib_statement_calls_total{statement="submit"}';
    const statements = 'joblib_statement_duration_seconds_count{statement="submit"}';
    const before = [await get(calls), await get(statements)];

    await Promise.all(Array.from({ length: 40 }, () => submit("Batch")));

    const callCount = (await get(calls)) - (before[0] ?? 0);
    const statementCount = (await get(statements)) - (before[1] ?? 0);
    expect(callCount).toBe(40);
    expect(statementCount).toBeLessThan(40);
    await send("POST", "/tasks/claim", { body: { worker_id } });
    expect(await get('joblib_statement_calls_total{statement="claim"}')).toBeGreaterThan(0);
  });

  test("the server metrics count event streams separately from long polls", async () => {
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const stream = await openEventStream(`${url}/v1/joblib/rooms/lab/events`, {});

    await eventually(async () => (await get("joblib_streams_open")) === 1);
    expect(await get("joblib_long_polls_open")).toBe(0);
    await stream[Symbol.asyncDispose]();

    await eventually(async () => (await get("joblib_streams_open")) === 0);
  });

  test("the server metrics include the pool, the event bus, the database, the version and the event loop lag", async () => {
    await submit("Batch");

    const values = await scrape(app);

    expect(values.get("joblib_database_up")).toBe(1);
    expect(values.get("joblib_event_bus_up")).toBe(1);
    const busy = values.get('joblib_database_connections{state="busy"}') ?? Number.NaN;
    const idle = values.get('joblib_database_connections{state="idle"}') ?? Number.NaN;
    expect(busy + idle).toBeGreaterThan(0);
    expect(values.get("joblib_database_waiting_statements")).toBe(0);
    expect([...values.keys()].filter((name) => name.startsWith("joblib_build_info"))).toHaveLength(1);
    expect(values.get("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThan(0);
  });
});

test("the metric joblib_database_up is 0 without the database, and metrics that need the database are missing", async () => {
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
  const values = await scrape(host);
  expect(values.get('joblib_job_due_tasks{job_name="other"}')).toBeUndefined();
  expect(values.get("joblib_workers_online")).toBeUndefined();
  expect(values.get("joblib_tasks_submitted_total")).toBe(0);
});

test("the metric joblib_event_bus_up is 0 if Redis is unreachable", async () => {
  const settings = { log_level: "silent", data_dir: "memory://", redis_url: "redis://127.0.0.1:1" } as const;
  const server = await createServer({ settings: parseSettings({}, settings) });
  onTestFinished(() => server.close());
  await server.ready();

  expect((await scrape(server)).get("joblib_event_bus_up")).toBe(0);
  expect((await scrape(server)).get('joblib_database_connections{state="busy"}')).toBeUndefined();
});
