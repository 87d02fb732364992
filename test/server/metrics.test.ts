import type { FastifyInstance } from "fastify";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createServer, openDatabase, parseSettings } from "../../server/index.ts";
import { eventually } from "../support/eventually.ts";
import { createDatabase } from "../support/postgres.ts";

const API = "/v1/joblib";
const ROOM = "secret-lab";

let app: FastifyInstance;
let database_url = "";
beforeAll(async () => {
  database_url = await createDatabase(inject("postgresUrl"));
  const intervals = { sweeper_interval_seconds: 0.1, worker_timeout_seconds: 20 };
  app = await createServer({
    settings: parseSettings({}, { ...intervals, log_level: "silent", database_url }),
  });
});
afterAll(() => app.close());

const send = async <Answer>(
  method: "GET" | "POST" | "PUT",
  url: string,
  payload?: object,
  prefer?: string,
) => {
  const headers = { host: "localhost", ...(prefer === undefined ? {} : { prefer }) };
  return (await app.inject({ method, url: API + url, headers, ...(payload && { payload }) })).json<Answer>();
};
const readMetrics = async () => (await app.inject({ url: "/metrics", headers: { host: "localhost" } })).body;
/**
 * Returns the value of the metric with this name and these labels, written as in the exposition
 * format.
 */
const readMetric = async (name: string): Promise<number | undefined> => {
  const line = (await readMetrics()).split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
};
const register = (name: string) =>
  send<{ worker_id: string; full_name: string }>("PUT", `/rooms/${ROOM}/jobs`, {
    ...{ category: "m", name, schema: {} },
  });

test("joblib_tasks_claimed_total counts claimed tasks and no empty claims", async () => {
  const { worker_id, full_name } = await register("Claimed");
  const tasks = Array.from({ length: 3 }, () => ({ job_name: full_name }));
  await send("POST", `/rooms/${ROOM}/tasks`, { tasks });
  expect(await readMetric("joblib_tasks_claimed_total")).toBe(0);

  await send("POST", `/workers/${worker_id}/claims`, { limit: 2 });
  await send("POST", "/tasks/claim", { worker_id });
  await send("POST", "/tasks/claim", { worker_id });

  expect(await readMetric("joblib_tasks_claimed_total")).toBe(3);
  // The server refreshes these counts from the database once a second.
  await eventually(async () => (await readMetric('joblib_tasks{status="claimed"}')) === 3);
});

test("joblib_long_polls_open counts open long polls", async () => {
  const { worker_id, full_name } = await register("Waiting");
  expect(await readMetric("joblib_long_polls_open")).toBe(0);
  const claim = send("POST", "/tasks/claim", { worker_id }, "wait=30");
  await eventually(async () => (await readMetric("joblib_long_polls_open")) === 1);

  await send("POST", `/rooms/${ROOM}/tasks/${full_name}`, {});

  expect(await claim).toMatchObject({ task: { job_name: full_name } });
  expect(await readMetric("joblib_long_polls_open")).toBe(0);
});

test("joblib_sweeps_total counts sweeps, and joblib_swept_total counts the swept tasks and workers", async () => {
  const { worker_id, full_name } = await register("Swept");
  await send("POST", `/rooms/${ROOM}/tasks/${full_name}`, { timeout_seconds: 60 });
  await send("POST", "/tasks/claim", { worker_id, start: true });
  expect(await readMetric('joblib_swept_total{kind="tasks"}')).toBe(0);

  const orm = await openDatabase({ url: database_url });
  await sql`update joblib.task set started_at = started_at - interval '1 hour' where status = 'running'`.execute(
    orm.em.fork().getKysely(),
  );
  await orm.close();

  await eventually(async () => (await readMetric('joblib_swept_total{kind="tasks"}')) === 1);
  const sweeps = (await readMetric("joblib_sweeps_total")) ?? 0;
  await eventually(async () => ((await readMetric("joblib_sweeps_total")) ?? 0) > sweeps);
  expect(await readMetric('joblib_swept_total{kind="workers"}')).toBe(0);
});

test("the metrics contain no room, job, worker, user or task", async () => {
  const { worker_id, full_name } = await register("Nameless");
  const { id } = await send<{ id: string }>("POST", `/rooms/${ROOM}/tasks/${full_name}`, {});
  await send("GET", `/tasks/${id}`);
  await send("GET", `/rooms/${ROOM}/jobs/${full_name}`);
  await send("GET", `/rooms/${ROOM}/nowhere`);

  const text = await readMetrics();

  for (const name of [ROOM, "Nameless", worker_id, id]) expect(text).not.toContain(name);
});
