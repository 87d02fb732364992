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

/**
 * Creates a job in a new room. The returned `submit` submits a task of this job as the user `ann`.
 */
const createJob = async (options: object = {}, target = api) => {
  const room = newRoomId();
  const job = await target.registerJob(room, { schema, ...options });
  const submit = (body?: unknown) =>
    target.as("ann").post(`/rooms/${room}/tasks/${job.full_name}`, body === undefined ? {} : { body });
  return { room, job, submit };
};

describe("submission", () => {
  test("a submission returns 202 with Location, Retry-After and the number of workers online", async () => {
    const { submit, room, job } = await createJob();

    const response = await submit({ payload: { angle: 1 } });

    expect(ok(response, 202)).toMatchObject({
      ...{ job_name: job.full_name, room_id: room, status: "pending", payload: { angle: 1 } },
      ...{ priority: 0, attempt: 0, runs: 0, max_attempts: 1, timeout_seconds: null },
      backoff: { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 },
      ...{ created_by_id: "ann", worker_id: null, errors: [], workers_online: 1 },
    });
    expect(response.headers).toMatchObject({
      location: `/v1/joblib/tasks/${response.body.id}`,
      "retry-after": "1",
    });
  });

  test("a submission counts only live workers, and is accepted without live workers", async () => {
    const { submit, job } = await createJob();
    await api.ageWorker(job.worker_id);

    expect(ok(await submit(), 202)).toMatchObject({ workers_online: 0, status: "pending" });
  });

  test("a submission is rejected with pointers if the payload does not match the schema", async () => {
    const { submit } = await createJob();

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
  ])("a submission is rejected with %j", async (body, pointer) => {
    const { submit } = await createJob();

    expect(getErrorPointers(await submit(body))).toEqual([pointer]);
  });

  test.each([
    { priority: -100, max_attempts: 1, timeout_seconds: 1 },
    { priority: 100, max_attempts: 100, timeout_seconds: 604_800 },
  ])("a submission is accepted with %j", async (body) => {
    const { submit } = await createJob();

    expect(ok(await submit(body), 202)).toMatchObject(body);
  });

  test("a submission replaces a run_at in the past by the current time, and keeps a run_at in the future", async () => {
    const { submit } = await createJob();
    const run_at = inDays(300);

    const before = Date.now();
    const past = ok(await submit({ run_at: "2001-01-01T00:00:00+02:00" }), 202);
    const after = Date.now();

    expect(Date.parse(past.run_at)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(past.run_at)).toBeLessThanOrEqual(after);
    expect(ok(await submit({ run_at }), 202).run_at).toBe(run_at);
  });

  test("a submission uses the job's defaults for omitted options", async () => {
    const { submit } = await createJob({
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

  test("a submission ignores unknown members and stores the payload unchanged", async () => {
    const payload = {
      angle: 1.5,
      text: "😀 \ud7ff",
      zero: -0.5,
      constructor: { prototype: 1 },
      list: [null, []],
    };
    const { submit } = await createJob();

    const task = ok(await submit({ payload, unknown: 1 }), 202);

    expect((await api.readTask(task.id)).payload).toEqual(payload);
    expect(task).not.toHaveProperty("unknown");
  });
});

describe("settings that affect submissions", () => {
  test("a server with the setting require_workers rejects tasks without a live worker", async () => {
    const strict = await openApi({ orm: api.orm, settings: { require_workers: true } });
    const { submit, job, room } = await createJob({}, strict);
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

  test("a server does not validate payloads if validate_payloads is false", async () => {
    const unvalidated = await openApi({ orm: api.orm, settings: { validatePayloads: false } });
    const { submit } = await createJob({}, unvalidated);

    ok(await submit({ payload: { angle: "x" } }), 202);
    await unvalidated.close();
  });
});
