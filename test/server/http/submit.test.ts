import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

const schema = { type: "object", properties: { angle: { type: "number" } } };
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** A job in a room of its own, and how `ann` submits for it. */
const aJob = async (given: object = {}, where = api) => {
  const room = newRoomId();
  const job = await where.registerJob(room, { schema, ...given });
  const submit = (body?: unknown) =>
    where.as("ann").post(`/rooms/${room}/tasks/${job.full_name}`, body === undefined ? {} : { body });
  return { room, job, submit };
};

describe("submitting", () => {
  test("is 202 with where the task is, when to look, and how many could take it", async () => {
    const { submit, room, job } = await aJob();

    const answer = await submit({ payload: { angle: 1 } });

    expect(ok(answer, 202)).toMatchObject({
      ...{ job_name: job.full_name, room_id: room, status: "pending", payload: { angle: 1 } },
      ...{ priority: 0, attempt: 0, runs: 0, max_attempts: 1, timeout_seconds: null },
      backoff: { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 },
      ...{ created_by_id: "ann", worker_id: null, errors: [], workers_online: 1 },
    });
    expect(answer.headers).toMatchObject({
      location: `/v1/joblib/tasks/${answer.body.id}`,
      "retry-after": "1",
    });
  });

  test("counts the live workers alone, and waits where there are none", async () => {
    const { submit, job } = await aJob();
    await api.ageWorker(job.worker_id);

    expect(ok(await submit(), 202)).toMatchObject({ workers_online: 0, status: "pending" });
  });

  test("points at what of a payload does not fit", async () => {
    const { submit } = await aJob();

    expect(getErrorPointers(await submit({ payload: { angle: "x" } }))).toEqual(["/payload/angle"]);
  });

  test.each([
    [{ priority: 101 }, "/priority"],
    [{ priority: -101 }, "/priority"],
    [{ priority: 1.5 }, "/priority"],
    [{ priority: "1" }, "/priority"],
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
    [{ payload: [1] }, "/payload"],
  ])("with %j is out of bounds", async (body, pointer) => {
    const { submit } = await aJob();

    expect(getErrorPointers(await submit(body))).toEqual([pointer]);
  });

  test.each([
    { priority: -100, max_attempts: 1, timeout_seconds: 1 },
    { priority: 100, max_attempts: 100, timeout_seconds: 604_800 },
  ])("with %j is within bounds", async (body) => {
    const { submit } = await aJob();

    expect(ok(await submit(body), 202)).toMatchObject(body);
  });

  test("takes a time in the past for now, and keeps one ahead", async () => {
    const { submit } = await aJob();
    const run_at = inDays(300);

    const past = ok(await submit({ run_at: "2001-01-01T00:00:00+02:00" }), 202);

    expect(Math.abs(Date.parse(past.run_at) - Date.now())).toBeLessThan(60_000);
    expect(ok(await submit({ run_at }), 202).run_at).toBe(run_at);
  });

  test("takes the job's defaults where it says nothing", async () => {
    const { submit } = await aJob({
      defaults: { priority: 7, max_attempts: 3, timeout_seconds: 9, backoff: { kind: "fixed", seconds: 1 } },
    });

    expect(ok(await submit(), 202)).toMatchObject({ priority: 7, timeout_seconds: 9 });
    expect(
      ok(await submit({ priority: 1, timeout_seconds: null, backoff: { seconds: 2 } }), 202),
    ).toMatchObject({
      ...{ priority: 1, max_attempts: 3, timeout_seconds: null },
      backoff: { kind: "fixed", seconds: 2, max_seconds: 3600, jitter: 0.2 },
    });
  });

  test("ignores members that it does not know, and keeps the payload as it was sent", async () => {
    const payload = {
      angle: 1.5,
      text: "😀 \ud7ff",
      zero: -0.5,
      constructor: { prototype: 1 },
      list: [null, []],
    };
    const { submit } = await aJob();

    const task = ok(await submit({ payload, unknown: 1 }), 202);

    expect((await api.readTask(task.id)).payload).toEqual(payload);
    expect(task).not.toHaveProperty("unknown");
  });
});

describe("settings", () => {
  test("can refuse tasks that nobody is there to run", async () => {
    const strict = await openApi({ orm: api.orm, settings: { require_workers: true } });
    const { submit, job, room } = await aJob({}, strict);
    ok(await submit(), 202);
    await strict.ageWorker(job.worker_id);

    expectProblem(await submit(), "no-workers-available");
    const many = await strict.as("ann").post(`/rooms/${room}/tasks`, {
      body: { tasks: [{ job_name: job.full_name }] },
    });
    expectProblem(many, "no-workers-available");
    expect(ok(await strict.as("ann").get(`/rooms/${room}/tasks`)).total).toBe(1);
    await strict.close();
  });

  test("can leave payloads unchecked", async () => {
    const lax = await openApi({ orm: api.orm, settings: { validatePayloads: false } });
    const { submit } = await aJob({}, lax);

    ok(await submit({ payload: { angle: "x" } }), 202);
    await lax.close();
  });
});
