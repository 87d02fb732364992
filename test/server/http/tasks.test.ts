import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { expectProblem, ok, timed, wait } from "./answers.ts";
import { type Api, openApi } from "./api.ts";
import { aRoom } from "./scenes.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_wait_seconds: 2 } });
});
afterAll(() => api.close());

const read = (id: string, headers: Record<string, string> = {}) =>
  api.as("ann").get(`/tasks/${id}`, { headers });
const cancel = (id: string) => api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } });
const tagOf = async (id: string) => String((await read(id)).headers["etag"]);
describe("reading a task", () => {
  test("shows all of it", async () => {
    const { id, room, job } = await api.aTask("pending", {
      task: { payload: { b: 1, a: [null, "ü", 1.5] } },
    });

    expect(ok(await read(id))).toEqual({
      ...{
        id,
        job_name: job.full_name,
        room_id: room,
        status: "pending",
        payload: { b: 1, a: [null, "ü", 1.5] },
      },
      ...{ priority: 0, attempt: 0, runs: 0, max_attempts: 1, timeout_seconds: null, created_by_id: "ann" },
      backoff: { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 },
      ...{ run_at: expect.stringMatching(/\.\d{3}Z$/), created_at: expect.stringMatching(/\.\d{3}Z$/) },
      ...{ started_at: null, completed_at: null, worker_id: null, error: null, errors: [], result: null },
      ...{ progress: null, queue_position: 1 },
    });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
  });

  test.each([
    "no-uuid",
    "01999999-0000-7000-8000-000000000000",
    "1",
    "'; drop table joblib.task; --",
    "%00",
  ])("%j is task-not-found, by whatever operation", async (id) => {
    const path = `/tasks/${id === "%00" ? id : encodeURIComponent(id)}`;

    expectProblem(await api.as("ann").get(path), "task-not-found");
    expectProblem(await api.as("ann").patch(path, { body: { status: "cancelled" } }), "task-not-found");
    expectProblem(await api.as("ann").post(`${path}/retry`), "task-not-found");
  });

  test("a task's id may be written in capitals", async () => {
    const { id } = await api.aTask();

    expect(ok(await read(id.toUpperCase())).id).toBe(id);
  });
});

describe("the ETag of a task", () => {
  test("is weak and changes with every step, though not with its place in the queue", async () => {
    const { id, room, job, worker } = await api.aTask();
    const first = await tagOf(id);
    expect(first).toMatch(/^W\/"[^"]+"$/);
    await api.submit(room, job.full_name, { priority: 9 });
    expect((await read(id)).body.queue_position).toBe(2);
    expect(await tagOf(id)).toBe(first);
    const tags = [first];
    const step = async (body: object) => {
      ok(await api.as("wes").patch(`/tasks/${id}`, { body }));
      tags.push(await tagOf(id));
    };

    await api.claim(worker);
    await api.claim(worker);
    tags.push(await tagOf(id));
    await step({ status: "running" });
    await step({ progress: { fraction: 0.5 } });
    await step({ status: "completed", result: 1 });

    expect(new Set(tags).size).toBe(5);
  });

  test.each([
    ["the same", (tag: string) => tag],
    ["the same, as a strong one", (tag: string) => tag.replace("W/", "")],
    ["one of several", (tag: string) => `"x", ${tag} , W/"y"`],
    ["any", () => "*"],
  ])("named by If-None-Match (%s) is 304 at once, without a body", async (_, header) => {
    const { id } = await api.aTask();
    const tag = await tagOf(id);

    const { value: answer, ms } = await timed(read(id, { "if-none-match": header(tag) }));

    expect(answer).toMatchObject({ status: 304, text: "", headers: { etag: tag } });
    expect(ms).toBeLessThan(1000);
  });

  test.each(['W/"other"', "nonsense", '""'])("when it is another than %s, the task comes", async (header) => {
    const { id } = await api.aTask();

    expect(ok(await read(id, { "if-none-match": header })).id).toBe(id);
  });

  test("together with Prefer: wait is waited with until the task differs", async () => {
    const { id, worker } = await api.aTask();
    const headers = { "if-none-match": await tagOf(id), prefer: "wait=2" };

    const [{ value: answer, ms }] = await Promise.all([timed(read(id, headers)), api.claim(worker)]);

    expect(ok(answer).status).toBe("claimed");
    expect(answer.headers["etag"]).not.toBe(headers["if-none-match"]);
    expect(ms).toBeLessThan(1900);
  });

  test("together with Prefer: wait is 304 after N seconds in which nothing changed", async () => {
    const { id } = await api.aTask();

    const { value, ms } = await timed(read(id, { "if-none-match": await tagOf(id), prefer: "wait=1" }));

    expect(value).toMatchObject({ status: 304, text: "" });
    expect(ms).toBeGreaterThanOrEqual(995);
  });

  test("of a terminal task is never waited with", async () => {
    const { id } = await api.aTask("cancelled");

    const { value, ms } = await timed(read(id, { "if-none-match": await tagOf(id), prefer: "wait=2" }));

    expect(value.status).toBe(304);
    expect(ms).toBeLessThan(1000);
  });
});

describe("waiting for a task's end", () => {
  test("is over as soon as it has come", async () => {
    const { id } = await api.aTask("running");
    const held = timed(read(id, wait(2).headers));

    ok(await cancel(id));

    const { value, ms } = await held;
    expect(ok(value).status).toBe("cancelled");
    expect(value.headers["preference-applied"]).toBe("wait=2");
    expect(ms).toBeLessThan(1900);
  });

  test("goes on through the steps between, and ends at N, not before, with the task as it is", async () => {
    const { id, worker } = await api.aTask();
    const held = timed(read(id, wait(1).headers));

    await api.claim(worker, { start: true });

    const { value, ms } = await held;
    expect(ok(value).status).toBe("running");
    expect(value.headers["preference-applied"]).toBe("wait=1");
    expect(ms).toBeGreaterThanOrEqual(995);
  });

  test("is capped by the server's setting, and the answer says by what", async () => {
    const { id } = await api.aTask();

    const { value, ms } = await timed(read(id, wait(500).headers));

    expect(value.headers["preference-applied"]).toBe("wait=2");
    expect(ms).toBeGreaterThanOrEqual(1995);
    expect(ms).toBeLessThan(10_000);
  });

  test("does not begin for a task that is terminal", async () => {
    const { id } = await api.aTask("completed");

    const { value, ms } = await timed(read(id, wait(2).headers));

    expect(ok(value).status).toBe("completed");
    expect(ms).toBeLessThan(1000);
  });

  test.each([
    "wait=x",
    "wait",
    "wait=-1",
    "wait=1.5",
    "respond-async",
    "wait=",
    "; ,=",
    "",
  ])("a preference like %j is ignored", async (prefer) => {
    const { id } = await api.aTask();

    const { value, ms } = await timed(read(id, { prefer }));

    expect(ok(value).status).toBe("pending");
    expect(value.headers["preference-applied"]).toBeUndefined();
    expect(ms).toBeLessThan(1000);
  });

  test("many wait for one task, and each is answered", async () => {
    const { id } = await api.aTask("running");
    const held = Array.from({ length: 20 }, () => read(id, wait(2).headers));

    ok(await cancel(id));

    for (const answer of await Promise.all(held)) expect(ok(answer).status).toBe("cancelled");
  });
});

test("a place in the queue is among the due tasks of the job, by priority and then by number", async () => {
  const { id, room, job, worker } = await api.aTask();
  const second = await api.submit(room, job.full_name);
  const urgent = await api.submit(room, job.full_name, { priority: 5 });
  const later = await api.submit(room, job.full_name, { delay_seconds: 60, priority: 9 });
  const positionOf = async (one: string) => ok(await read(one)).queue_position;

  expect(await Promise.all([urgent.id, id, second.id, later.id].map(positionOf))).toEqual([1, 2, 3, null]);
  expect((await api.claim(worker)).id).toBe(urgent.id);
  expect(await Promise.all([urgent.id, id, second.id].map(positionOf))).toEqual([null, 1, 2]);
});

describe("a room's tasks", () => {
  test("are listed newest first, by status where it is named, and in pages", async () => {
    const { room, job, id: first } = await api.aTask("running");
    const second = await api.submit(room, job.full_name);
    const list = async (query = "") => ok(await api.as("rea").get(`/rooms/${room}/tasks${query}`));

    expect(await list()).toMatchObject({
      total: 2,
      limit: 50,
      offset: 0,
      items: [{ id: second.id }, { id: first }],
    });
    expect(await list("?status=running")).toMatchObject({ total: 1, items: [{ id: first }] });
    expect((await list("?status=failed")).items).toEqual([]);
    expect(await list("?limit=1&offset=1")).toMatchObject({
      total: 2,
      limit: 1,
      offset: 1,
      items: [{ id: first }],
    });
  });

  test.each(["status=nonsense", "limit=501", "offset=-1"])("with ?%s are 422", async (query) => {
    expectProblem(await api.as("ann").get(`/rooms/${aRoom()}/tasks?${query}`), "validation-error");
  });
});

test("what was completed shows its result, and what failed its error and its attempts", async () => {
  const done = await api.aTask("completed");
  const failed = await api.aTask("failed");

  expect(await api.readTask(done.id)).toMatchObject({
    ...{ status: "completed", result: 1, error: null, attempt: 1, runs: 1, worker_id: done.worker },
    ...{ started_at: expect.any(String), completed_at: expect.any(String), queue_position: null },
  });
  expect(await api.readTask(failed.id)).toMatchObject({
    ...{ status: "failed", result: null, error: "broken" },
    errors: [{ attempt: 1, error: "broken", worker_id: failed.worker, at: expect.stringMatching(/Z$/) }],
  });
});

test("beyond so many waiting requests the server is full: 503 with Retry-After", async () => {
  const small = await openApi({ orm: api.orm, settings: { long_poll_max_waiting: 1 } });
  const { id } = await api.aTask();
  const held = small.as("ann").get(`/tasks/${id}`, wait(30));

  const refused = await eventually(
    () => small.as("ann").get(`/tasks/${id}`, wait(1)),
    ({ status }) => status === 503,
  );

  expectProblem(refused, "service-unavailable");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  ok(await small.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
  expect(ok(await held).status).toBe("cancelled");
  await small.close();
});
