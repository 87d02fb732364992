import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type OwnedOrm, openDatabase } from "../../../server/storage/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createProxy, toProxyUrl } from "../../faults/cluster/link.ts";
import type { TcpProxy } from "../../faults/proxy/tcp-proxy.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { ok } from "./responses.ts";

/** A server whose answers from the database can be taken away after the commit. */
let api: Api;
let link: TcpProxy;
let orm: OwnedOrm;
beforeAll(async () => {
  const url = await createDatabase(inject("postgresUrl"));
  link = await createProxy(url);
  orm = await openDatabase({ url: toProxyUrl(url, link) });
  await migrate(orm);
  api = await openApi({ orm });
});
afterAll(async () => {
  await api.close();
  await orm.close();
  await link[Symbol.asyncDispose]();
});

/** Takes the database's answer to the next statement that is like this, once it is carried out. */
const losing = async <Answer>(statement: RegExp, request: () => Promise<Answer>): Promise<Answer> => {
  const trap = link.trap({ request: statement, action: "cut" });
  const answer = await request();
  await trap.triggered;
  return answer;
};

const aJob = async () => {
  const room = newRoomId();
  return { room, job: await api.registerJob(room) };
};
const mark = () => crypto.randomUUID();

test("a submit with a key is found again, and answered as the first that it is; who waits for work is woken", async () => {
  const { room, job } = await aJob();
  const token = mark();
  const claim = api.as("wes").post("/tasks/claim", {
    body: { worker_id: job.worker_id },
    headers: { prefer: "wait=20" },
  });
  const path = `/rooms/${room}/tasks/${job.full_name}`;
  const submit = () =>
    api.as("ann").post(path, { body: { payload: { token } }, headers: { "idempotency-key": token } });

  const first = ok(await losing(new RegExp(token), submit), 202);

  expect(ok(await claim).task.id).toBe(first.id);
  expect(ok(await submit(), 200).id).toBe(first.id);
});

test("a submit without a key is unknown: 503, and nothing is made twice by us", async () => {
  const { room, job } = await aJob();
  const token = mark();
  const path = `/rooms/${room}/tasks/${job.full_name}`;

  const lost = await losing(new RegExp(token), () =>
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
])("a step to %s is found in the task, and taken once", async (status) => {
  const { room, job } = await aJob();
  const { id } = await api.submit(room, job.full_name);
  await api.claim(job.worker_id, { start: status !== "running" });
  const hold = status === "cancelled" ? {} : { worker_id: job.worker_id, attempt: 1 };
  const user = status === "cancelled" ? "ann" : "wes";
  const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=20" } });
  const body = { ...hold, status, ...(status === "completed" && { result: { n: 1 } }) };

  const answer = await losing(new RegExp(`"id":"${id}"`), () => api.as(user).patch(`/tasks/${id}`, { body }));

  expect(ok(answer)).toMatchObject({
    status,
    attempt: 1,
    runs: status === "running" ? 1 : expect.any(Number),
  });
  if (status === "running")
    ok(await api.as("wes").patch(`/tasks/${id}`, { body: { ...hold, status: "failed" } }));
  expect(ok(await waiting).status).toBe(status === "running" ? "failed" : status);
});

test("completions that travelled together are found, each in its task", async () => {
  const { room, job } = await aJob();
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    ids.push((await api.submit(room, job.full_name)).id);
    await api.claim(job.worker_id, { start: true });
  }
  const updates = ids.map((id) => ({ id, status: "completed", attempt: 1, result: { of: id } }));

  const answer = await losing(new RegExp(`[{,]${ids[0]}[,}]`), () =>
    api.as("wes").patch(`/workers/${job.worker_id}/tasks`, {
      body: { updates },
      headers: { prefer: "return=minimal" },
    }),
  );

  expect(ok(answer).results).toMatchObject(ids.map((id) => ({ id, status: "completed" })));
  for (const id of ids) expect(ok(await api.as("ann").get(`/tasks/${id}`)).result).toEqual({ of: id });
});

test("a claim is unknown: 503, and the next beat that does not name the task gives it back", async () => {
  const { room, job } = await aJob();
  const { id } = await api.submit(room, job.full_name);
  const claim = () => api.as("wes").post("/tasks/claim", { body: { worker_id: job.worker_id } });

  expect((await losing(new RegExp(job.worker_id), claim)).status).toBe(503);
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
