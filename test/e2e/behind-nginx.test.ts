import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { isTerminal, JoblibClient } from "../../sdk/index.ts";
import { parseSettings } from "../../server/settings/settings.ts";
import { findFreePort } from "../support/free-port.ts";
import { startNginx } from "../support/nginx.ts";
import { createDatabase } from "../support/postgres.ts";
import type { SpawnedProcess } from "../support/processes.ts";
import { end, serve, startPublicWorker } from "./terminals.ts";

const CONFIGURATION = new URL("../../docs/nginx/nginx.conf", import.meta.url);
/**
 * Maximum wait of the servers' long polls in seconds. It is longer than 30 seconds, a common
 * timeout of proxies, and shorter than the 90 seconds that the test requests.
 */
const MAX_WAIT = 31;

let servers: SpawnedProcess[] = [];
let worker: SpawnedProcess;
let nginx: AsyncDisposable;
let url = "";
let client: JoblibClient;
let longPoll: Promise<Response>;

const submit = async (job_name: string, payload: Record<string, string | number>, room_id = "lab") =>
  (await client.call("submitTask", { params: { room_id, job_name }, body: { payload } })).body;

const post = (path: string, body: object, rest: RequestInit = {}) =>
  fetch(`${url}/v1/joblib${path}`, {
    ...rest,
    method: "POST",
    headers: { "content-type": "application/json", ...rest.headers },
    body: JSON.stringify(body),
  });

const createWorker = async (): Promise<string> => (await client.call("createWorker", { body: {} })).body.id;

beforeAll(async () => {
  const env = {
    JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")),
    JOBLIB_REDIS_URL: inject("redisUrl"),
    JOBLIB_LONG_POLL_MAX_WAIT_SECONDS: String(MAX_WAIT),
  };
  const started = await Promise.all([serve(env), serve(env)]);
  servers = started.map(({ server }) => server);
  const [first = "", second = ""] = started.map((one) => new URL(one.url).port);
  const port = String(await findFreePort());
  nginx = await startNginx({ "7801": first, "7802": second, "8080": port });
  url = `http://127.0.0.1:${port}`;
  client = new JoblibClient({ url });
  worker = await startPublicWorker(url);
  const idle = await createWorker();
  longPoll = post("/tasks/claim", { worker_id: idle }, { headers: { prefer: "wait=90" } });
});

afterAll(async () => {
  await nginx?.[Symbol.asyncDispose]();
  await Promise.all([worker, ...servers].filter(Boolean).map(end));
});

test("a task is submitted, run and completed through nginx", async () => {
  const { id } = await submit("public:e2e:Echo", { text: "world" });

  const done = await client.awaitTask(id, { wait: 20 });

  expect(done).toMatchObject({ status: "completed", result: { text: "hello world" } });
});

test("nginx does not buffer server-sent events", async () => {
  const { id } = await submit("public:e2e:Sleep", { seconds: 300 });
  const seen: string[] = [];

  for await (const { event, data } of client.follow("followTask", { task_id: id })) {
    if (event !== "task") continue;
    seen.push(data.status);
    // If a proxy buffered the stream, the test would never reach this line, because the task does
    // not end by itself.
    if (data.status === "running") {
      await client.call("updateTask", { params: { task_id: id }, body: { status: "cancelled" } });
    }
    if (isTerminal(data.status)) break;
  }

  expect(seen.at(-1)).toBe("cancelled");
  expect(seen).toContain("running");
});

test("a waiting claim of a disconnected client gets no task, and the task goes to a worker that still waits", async () => {
  const schema = { type: "object" };
  const [gone, here] = [await createWorker(), await createWorker()];
  for (const worker_id of [gone, here]) {
    const body = { category: "e2e", name: "Mine", schema, worker_id };
    await client.call("registerJob", { params: { room_id: "lab" }, body });
  }
  const disconnect = new AbortController();
  const options = { headers: { prefer: "wait=30" }, signal: disconnect.signal };
  const aborted = post("/tasks/claim", { worker_id: gone }, options).catch((error: unknown) => error);
  const staying = post("/tasks/claim", { worker_id: here }, { headers: options.headers });
  disconnect.abort();
  expect(await aborted).toMatchObject({ name: "AbortError" });

  const { id } = await submit("private:e2e:Mine", {});

  expect(await (await staying).json()).toMatchObject({ task: { id, worker_id: here } });
});

test("nginx forwards encoded names unchanged", async () => {
  const room = "Büro 1%/2".replace(/[ /]/g, "~");

  const { id } = await submit("public:e2e:Echo", { text: "ü" }, room);

  expect(await client.awaitTask(id, { wait: 20 })).toMatchObject({ room_id: room, status: "completed" });
});

test("a payload that nginx buffers on disk arrives, and a payload that is too large is refused by joblib", async () => {
  const body = { category: "e2e", name: "Large", schema: { type: "object" } };
  await client.call("registerJob", { params: { room_id: "lab" }, body });
  const text = "x".repeat(900_000);

  const accepted = await submit("private:e2e:Large", { text });
  const refused = await post("/rooms/lab/tasks/private:e2e:Large", { payload: { text: text + text } });

  expect(accepted.payload).toEqual({ text });
  expect(refused.status).toBe(413);
  expect(refused.headers.get("content-type")).toContain("application/problem+json");
});

test("the metrics of a server are not available through nginx", async () => {
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
});

test("the timeout and the body limit of nginx are larger than the values of the server", () => {
  const text = readFileSync(CONFIGURATION, "utf8");
  const settings = parseSettings({});

  expect(Number(/proxy_read_timeout (\d+)s;/.exec(text)?.[1])).toBeGreaterThan(
    settings.long_poll_max_wait_seconds + 10,
  );
  expect(Number(/client_max_body_size (\d+)m;/.exec(text)?.[1]) * 2 ** 20).toBeGreaterThan(
    settings.body_limit,
  );
});

test("a waiting claim ends after the server's maximum wait", { timeout: 60_000 }, async () => {
  const answer = await longPoll;

  expect(answer.status).toBe(200);
  expect(answer.headers.get("preference-applied")).toBe(`wait=${MAX_WAIT}`);
  expect(await answer.json()).toEqual({ task: null });
});

test("requests go to the second server after the first server is killed", async () => {
  servers[0]?.kill("SIGKILL");
  await servers[0]?.exit;

  const statuses = await Promise.all(
    Array.from({ length: 10 }, async () => (await fetch(`${url}/v1/joblib/rooms/lab/jobs`)).status),
  );
  const { id } = await submit("public:e2e:Echo", { text: "again" });

  expect(new Set(statuses)).toEqual(new Set([200]));
  expect((await client.awaitTask(id, { wait: 20 })).status).toBe("completed");
});
