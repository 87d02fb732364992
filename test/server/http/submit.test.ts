import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aRoom, startTestServer, type TestServer, textOf } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

describe("submitting", () => {
  test("202 with where it is, when to look, and how many could take it", async () => {
    const { submit, roomId } = await aRoom(server);
    const got = await submit({ payload: { angle: 1 } });

    expect(got.status).toBe(202);
    expect(got.headers).toMatchObject({
      location: `/v1/joblib/tasks/${textOf(got.body)}`,
      "retry-after": "1",
    });
    expect(got.body).toMatchObject({
      job_name: "private:m:Rotate",
      room_id: roomId,
      status: "pending",
      payload: { angle: 1 },
      priority: 0,
      attempt: 0,
      runs: 0,
      max_attempts: 1,
      backoff: { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 },
      timeout_seconds: null,
      created_by_id: "ann",
      worker_id: null,
      errors: [],
      workers_online: 1,
    });
  });

  test("a payload that does not fit is pointed at", async () => {
    const got = await (await aRoom(server)).submit({ payload: { angle: "x" } });
    expect(got.body).toMatchObject({ status: 422, errors: [{ pointer: "/payload/angle" }] });
  });

  test.each([
    [{ priority: 101 }, "/priority"],
    [{ priority: 1.5 }, "/priority"],
    [{ max_attempts: 0 }, "/max_attempts"],
    [{ max_attempts: 101 }, "/max_attempts"],
    [{ timeout_seconds: 0.5 }, "/timeout_seconds"],
    [{ timeout_seconds: 604_801 }, "/timeout_seconds"],
    [{ backoff: { seconds: 86_401 } }, "/backoff/seconds"],
    [{ backoff: { kind: "random" } }, "/backoff/kind"],
    [{ delay_seconds: -1 }, "/delay_seconds"],
    [{ delay_seconds: 1, run_at: inDays(1) }, "/delay_seconds"],
    [{ run_at: "tomorrow" }, "/run_at"],
    [{ run_at: inDays(367) }, "/run_at"],
  ])("%j is out of bounds", async (body, pointer) => {
    const got = await (await aRoom(server)).submit(body);
    expect(got.body).toMatchObject({ status: 422, errors: [{ pointer }] });
  });

  test("a time in the past is now, and a time ahead is kept", async () => {
    const { submit } = await aRoom(server);
    const past = await submit({ run_at: "2001-01-01T00:00:00+02:00" });
    const ahead = inDays(300);
    const later = await submit({ run_at: ahead });

    expect(Math.abs(Date.parse(textOf(past.body, "run_at")) - Date.now())).toBeLessThan(60_000);
    expect(later.body["run_at"]).toBe(ahead);
  });

  test("a job's defaults stand where the submit says nothing", async () => {
    const { submit } = await aRoom(server, {
      defaults: { priority: 7, max_attempts: 3, timeout_seconds: 9, backoff: { kind: "fixed", seconds: 1 } },
    });
    const got = await submit({ priority: 1, timeout_seconds: null, backoff: { seconds: 2 } });
    expect(got.body).toMatchObject({
      priority: 1,
      max_attempts: 3,
      timeout_seconds: null,
      backoff: { kind: "fixed", seconds: 2, max_seconds: 3600, jitter: 0.2 },
    });
  });

  test("the room must be writable, and the job seen from it", async () => {
    const { submit } = await aRoom(server);
    expect((await submit({}, {})).status).toBe(202);
    const closed = await server.send("POST /v1/joblib/rooms/closed-1/tasks/public:m:Rotate", { body: {} });
    const unseen = await server.send("POST /v1/joblib/rooms/other/tasks/private:m:Rotate", { body: {} });
    expect([closed.status, unseen.status]).toEqual([403, 404]);
  });
});

describe("an idempotency key", () => {
  const key = (text: string) => ({ headers: { "idempotency-key": text } });

  test("gives the first task again, however its members are ordered", async () => {
    const { submit } = await aRoom(server);
    const first = await submit({ payload: { angle: 1, b: 2 }, priority: 1 }, key("k"));
    const again = await submit({ priority: 1, payload: { b: 2, angle: 1 } }, key("k"));
    expect([first.status, again.status, again.body["id"]]).toEqual([202, 200, first.body["id"]]);
  });

  test("is refused for another body", async () => {
    const { submit } = await aRoom(server);
    await submit({ payload: { angle: 1 } }, key("k"));
    const got = await submit({ payload: { angle: 2 } }, key("k"));
    expect(got.body).toMatchObject({ status: 422, type: "/v1/problems/idempotency-conflict" });
  });

  test("belongs to its user and its room", async () => {
    const [here, there] = [await aRoom(server), await aRoom(server)];
    const ids = [
      await here.submit({}, key("k")),
      await here.submit({}, { ...key("k"), as: "bob" }),
      await there.submit({}, key("k")),
    ].map(({ body }) => body["id"]);
    expect(new Set(ids).size).toBe(3);
  });

  test("200 at once make one task", async () => {
    const { submit, roomId } = await aRoom(server);
    const all = await Promise.all(Array.from({ length: 200 }, () => submit({}, key("k"))));
    expect(new Set(all.map(({ body }) => body["id"])).size).toBe(1);
    expect(all.filter(({ status }) => status === 202)).toHaveLength(1);
    expect((await server.send(`GET /v1/joblib/rooms/${roomId}/tasks`)).body["total"]).toBe(1);
  });

  test("still gives its task when the job is gone", async () => {
    const { submit, worker } = await aRoom(server);
    const first = await submit({}, key("k"));
    await server.send(`PATCH /v1/joblib/tasks/${textOf(first.body)}`, { body: { status: "cancelled" } });
    await server.send(`DELETE /v1/joblib/workers/${worker}`);
    expect((await submit({})).status).toBe(404);
    const again = await submit({}, key("k"));
    expect([again.status, again.body["id"], again.body["status"]]).toEqual([
      200,
      first.body["id"],
      "cancelled",
    ]);
  });

  test.each(["", "x".repeat(256)])("of a wrong length is refused", async (text) => {
    const got = await (await aRoom(server)).submit({}, key(text));
    expect(got.body).toMatchObject({ status: 422, type: "/v1/problems/validation-error" });
  });
});

describe("submitting many", () => {
  const many = (roomId: string, tasks: unknown[]) =>
    server.send(`POST /v1/joblib/rooms/${roomId}/tasks`, { body: { tasks } });
  const job_name = "private:m:Rotate";

  test("all of them", async () => {
    const { roomId } = await aRoom(server);
    const got = await many(roomId, [
      { job_name, payload: { angle: 1 } },
      { job_name, priority: 2 },
    ]);
    expect(got.status).toBe(202);
    expect(got.body["tasks"]).toMatchObject([{ payload: { angle: 1 }, workers_online: 1 }, { priority: 2 }]);
  });

  test("or none, with where the fault is", async () => {
    const { roomId } = await aRoom(server);
    const got = await many(roomId, [{ job_name }, { job_name, payload: { angle: "x" } }]);
    expect(got.body).toMatchObject({ status: 422, errors: [{ pointer: "/tasks/1/payload/angle" }] });
    expect((await server.send(`GET /v1/joblib/rooms/${roomId}/tasks`)).body["total"]).toBe(0);
  });

  test("1,000 at most", async () => {
    const { roomId } = await aRoom(server);
    const tasks = Array.from({ length: 1001 }, () => ({ job_name }));
    expect((await many(roomId, tasks)).status).toBe(422);
    expect((await many(roomId, tasks.slice(1))).status).toBe(202);
    expect((await many(roomId, [])).status).toBe(422);
  });
});

test("settings can refuse tasks without workers, and leave payloads unchecked", async () => {
  const own = await startTestServer({ settings: { require_workers: true, validate_payloads: false } });
  const { submit, worker, roomId } = await aRoom(own);
  expect((await submit({ payload: { angle: "x" } })).status).toBe(202);

  await own.send(`DELETE /v1/joblib/workers/${worker}`);
  const got = await submit();

  expect(got.body).toMatchObject({ status: 409, type: "/v1/problems/no-workers-available" });
  expect((await own.send(`GET /v1/joblib/rooms/${roomId}/tasks`)).body["total"]).toBe(1);
  await own.close();
});
