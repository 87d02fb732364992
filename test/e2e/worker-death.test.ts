import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { JoblibClient } from "../../sdk/index.ts";
import { eventually } from "../support/eventually.ts";
import { createDatabase } from "../support/postgres.ts";
import type { SpawnedProcess } from "../support/processes.ts";
import { EXTENSIONS, end, joblib, serve, startPublicWorker } from "./terminals.ts";

let server: SpawnedProcess;
let client: JoblibClient;
let url = "";

beforeAll(async () => {
  ({ server, url } = await serve({
    JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")),
    JOBLIB_WORKER_TIMEOUT_SECONDS: "2",
    JOBLIB_SWEEPER_INTERVAL_SECONDS: "1",
  }));
  client = new JoblibClient({ url });
});

afterAll(async () => {
  expect(await end(server)).toBe(0);
});

const submit = async (job_name: string, body: object = {}) =>
  (await client.call("submitTask", { params: { room_id: "lab", job_name }, body })).body;

const read = async (task_id: string) => {
  const { body } = await client.call("readTask", { params: { task_id } });
  if (body === null) throw new Error("304 without an ETag");
  return body;
};

const awaitRunning = (id: string) =>
  eventually(
    () => read(id),
    ({ status }) => status === "running",
    { timeoutMs: 15_000 },
  );

test("a task of a killed worker fails, or runs on another worker if it has attempts left", async () => {
  const first = await startPublicWorker(url, ["--concurrency", "2"]);
  const once = await submit("public:e2e:Sleep");
  const twice = await submit("public:e2e:Sleep", {
    payload: { seconds: 0.1 },
    max_attempts: 2,
    delay_seconds: 0,
    backoff: { kind: "fixed", seconds: 0, jitter: 0 },
  });
  await awaitRunning(once.id);
  await client.awaitTask(twice.id, { wait: 10 });
  const long = await submit("public:e2e:Sleep", { max_attempts: 2, backoff: { kind: "fixed", seconds: 0 } });
  await awaitRunning(long.id);

  first.kill("SIGKILL");
  const second = await startPublicWorker(url);

  const failed = await client.awaitTask(once.id, { wait: 20 });
  expect(failed.error).toContain("stopped responding");
  const retried = await eventually(
    () => read(long.id),
    ({ status, attempt }) => status === "running" && attempt === 2,
    { timeoutMs: 20_000 },
  );
  expect(retried.errors).toHaveLength(1);
  await client.call("updateTask", { params: { task_id: long.id }, body: { status: "cancelled" } });
  expect(await end(second)).toBe(0);
});

test("a worker drains at the first SIGINT: it finishes its tasks, claims no new tasks and exits with code 0", async () => {
  const worker = await startPublicWorker(url);
  const running = await submit("public:e2e:Sleep", { payload: { seconds: 1.5 } });
  await awaitRunning(running.id);
  const next = await submit("public:e2e:Echo", { payload: { text: "later" } });

  worker.kill("SIGINT");

  expect(await worker.exit).toEqual({ code: 0, signal: null });
  expect((await read(running.id)).status).toBe("completed");
  expect((await read(next.id)).status).toBe("pending");
  const { body } = await client.call("listWorkers", {});
  expect(body.items).toEqual([]);
  await client.call("updateTask", { params: { task_id: next.id }, body: { status: "cancelled" } });
});

test("a worker fails its running tasks at the second SIGINT, and exits with code 130", async () => {
  const worker = await startPublicWorker(url);
  const running = await submit("public:e2e:Sleep");
  await awaitRunning(running.id);

  worker.kill("SIGINT");
  await worker.waitForLine(/drain|finish|again/i);
  worker.kill("SIGINT");

  expect((await worker.exit).code).toBe(130);
  expect(await read(running.id)).toMatchObject({
    status: "failed",
    error: expect.stringContaining("interrupted"),
  });
});

test("a worker whose schema conflicts with the registered schema prints the properties that differ, and exits with code 7", async () => {
  const worker = await startPublicWorker(url);
  await client.call("registerJob", {
    params: { room_id: "@global" },
    body: { category: "e2e", name: "Other", schema: { type: "object" } },
  });
  const conflict = await client
    .call("registerJob", {
      params: { room_id: "@global" },
      body: {
        category: "e2e",
        name: "Echo",
        schema: { type: "object", properties: { text: { type: "number" } } },
      },
    })
    .catch((error: unknown) => error);
  expect(conflict).toMatchObject({ id: "schema-conflict" });
  expect(await end(worker)).toBe(0);

  const other = { category: "e2e", name: "Echo", schema: { type: "object" } };
  await client.call("registerJob", { params: { room_id: "@global" }, body: other });
  const refused = joblib(["worker", EXTENSIONS, "--public"], { JOBLIB_URL: url });

  expect((await refused.exit).code).toBe(7);
  expect(refused.stderr()).toMatch(/Echo/);
  expect(refused.stderr()).toMatch(/text/);
});
