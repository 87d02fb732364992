import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type OwnedOrm, openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createProxy, toProxyUrl } from "../../faults/cluster/proxy-url.ts";
import type { TcpProxy } from "../../faults/proxy/tcp-proxy.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { waitForWaitingClaim } from "./long-polls.ts";
import { ok } from "./responses.ts";

/**
 * A server behind a proxy to the database. The proxy can cut a connection after a commit, before
 * the server receives the database's response.
 */
let api: Api;
let proxy: TcpProxy;
let orm: OwnedOrm;
beforeAll(async () => {
  const url = await createDatabase(inject("postgresUrl"));
  proxy = await createProxy(url);
  orm = await openDatabase({ url: toProxyUrl(url, proxy) });
  await migrate(orm);
  api = await openApi({ orm });
});
afterAll(async () => {
  await api.close();
  await orm.close();
  await proxy[Symbol.asyncDispose]();
});

/** Drops the database's response to the next statement that matches, and cuts the connection. */
const loseResponse = async <Answer>(statement: RegExp, request: () => Promise<Answer>): Promise<Answer> => {
  const trap = proxy.trap({ request: statement, action: "cut" });
  const response = await request();
  await trap.triggered;
  return response;
};

const createJob = async () => {
  const room = newRoomId();
  return { room, job: await api.registerJob(room) };
};
const newToken = () => crypto.randomUUID();

test("a submission with an idempotency key returns 202 and wakes a waiting claim even if the commit response was lost", async () => {
  const { room, job } = await createJob();
  const token = newToken();
  const claim = api.as("wes").post("/tasks/claim", {
    body: { worker_id: job.worker_id },
    headers: { prefer: "wait=20" },
  });
  const path = `/rooms/${room}/tasks/${job.full_name}`;
  const submit = () =>
    api.as("ann").post(path, { body: { payload: { token } }, headers: { "idempotency-key": token } });

  const first = ok(await loseResponse(new RegExp(token), submit), 202);

  expect(ok(await claim).task.id).toBe(first.id);
  expect(ok(await submit(), 200).id).toBe(first.id);
});

test("a directly assigned task is passed to its waiting claim even if the commit response was lost", async () => {
  const { room, job } = await createJob();
  const token = newToken();
  const claim = api.as("wes").post("/tasks/claim", {
    body: { worker_id: job.worker_id, start: true },
    headers: { prefer: "wait=20" },
  });
  await waitForWaitingClaim(job.worker_id);
  const path = `/rooms/${room}/tasks/${job.full_name}`;

  const submitted = await loseResponse(new RegExp(token), () =>
    api.as("ann").post(path, { body: { payload: { token } }, headers: { "idempotency-key": token } }),
  );

  const { task } = ok(await claim);
  expect(task).toMatchObject({
    id: ok(submitted, 202).id,
    status: "running",
    attempt: 1,
    payload: { token },
  });
  const fence = { worker_id: job.worker_id, attempt: 1 };
  const completion = api.as("wes").patch(`/tasks/${task.id}`, { body: { ...fence, status: "completed" } });
  expect(ok(await completion).status).toBe("completed");
});

test("a submission without an idempotency key returns 503 if its commit response was lost, and the server does not repeat the submission", async () => {
  const { room, job } = await createJob();
  const token = newToken();
  const path = `/rooms/${room}/tasks/${job.full_name}`;

  const lost = await loseResponse(new RegExp(token), () =>
    api.as("ann").post(path, { body: { payload: { token } } }),
  );

  expect([lost.status, lost.headers["retry-after"]]).toEqual([503, "1"]);
  expect(ok(await api.as("ann").get(`/rooms/${room}/tasks`)).total).toBe(1);
});

test.each([
  "running",
  "completed",
  "failed",
  "cancelled",
])("an update to %s succeeds and is applied once even if its commit response was lost", async (status) => {
  const { room, job } = await createJob();
  const { id } = await api.submit(room, job.full_name);
  await api.claim(job.worker_id, { start: status !== "running" });
  const fence = status === "cancelled" ? {} : { worker_id: job.worker_id, attempt: 1 };
  const user = status === "cancelled" ? "ann" : "wes";
  const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=20" } });
  const body = { ...fence, status, ...(status === "completed" && { result: { n: 1 } }) };

  const response = await loseResponse(new RegExp(`[{,]${id}[,}]`), () =>
    api.as(user).patch(`/tasks/${id}`, { body }),
  );

  expect(ok(response)).toMatchObject({
    status,
    attempt: 1,
    runs: status === "running" ? 1 : expect.any(Number),
  });
  if (status === "running")
    ok(await api.as("wes").patch(`/tasks/${id}`, { body: { ...fence, status: "failed" } }));
  expect(ok(await waiting).status).toBe(status === "running" ? "failed" : status);
});

test("a batch of completions succeeds even if its commit response was lost, because the server finds the results in the tasks", async () => {
  const { room, job } = await createJob();
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    ids.push((await api.submit(room, job.full_name)).id);
    await api.claim(job.worker_id, { start: true });
  }
  const updates = ids.map((id) => ({ id, status: "completed", attempt: 1, result: { of: id } }));

  const response = await loseResponse(new RegExp(`[{,]${ids[0]}[,}]`), () =>
    api.as("wes").patch(`/workers/${job.worker_id}/tasks`, {
      body: { updates },
      headers: { prefer: "return=minimal" },
    }),
  );

  expect(ok(response).results).toMatchObject(ids.map((id) => ({ id, status: "completed" })));
  for (const id of ids) expect(ok(await api.as("ann").get(`/tasks/${id}`)).result).toEqual({ of: id });
});

test("a claim returns 503 if its commit response was lost, and a later heartbeat that omits the task requeues the task", async () => {
  const { room, job } = await createJob();
  const { id } = await api.submit(room, job.full_name);
  const claim = () => api.as("wes").post("/tasks/claim", { body: { worker_id: job.worker_id } });

  expect((await loseResponse(new RegExp(`[{]${job.worker_id}[}]`), claim)).status).toBe(503);
  expect(ok(await api.as("ann").get(`/tasks/${id}`)).status).toBe("claimed");
  await eventually(
    async () => {
      ok(await api.as("wes").patch(`/workers/${job.worker_id}`, { body: { tasks: [] } }));
      return ok(await api.as("ann").get(`/tasks/${id}`)).status;
    },
    (status) => status === "pending",
    { timeoutMs: 15_000, intervalMs: 200 },
  );
});
