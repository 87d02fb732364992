import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/**
 * Makes `times` attempts of a task fail. Returns the seconds until the next attempt after each
 * failure.
 */
const failAttempts = async (task: object, times: number) => {
  const { id, worker } = await api.createTask("running", { task });
  const delays: number[] = [];
  for (let attempt = 1; attempt <= times; attempt += 1) {
    const error = `failure ${attempt}`;
    const failed = ok(await api.update(id, { status: "failed", error, worker_id: worker, attempt }));
    const failedAt = failed.errors.at(-1)?.at ?? "";
    delays.push((Date.parse(failed.run_at) - Date.parse(failedAt)) / 1000);
    if (attempt === times) break;
    await api.ageTask(id, 100_000);
    await api.claim(worker, { start: true });
  }
  return { id, worker, delays };
};

describe("attempts", () => {
  test("a task has one attempt by default, so that the first failure is final", async () => {
    const { id } = await failAttempts({}, 1);

    expect(await api.readTask(id)).toMatchObject({ status: "failed", runs: 1, error: "failure 1" });
  });

  test("a task has at most max_attempts attempts, and records the failure of each attempt", async () => {
    const { id, worker } = await failAttempts({ max_attempts: 3, backoff: { kind: "fixed", seconds: 1 } }, 3);

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", attempt: 3, runs: 3, error: "failure 3", worker_id: worker },
      errors: [1, 2, 3].map((attempt) => ({ attempt, error: `failure ${attempt}`, worker_id: worker })),
    });
  });

  test("a failed attempt of a task that will be retried leaves only its error in the task", async () => {
    const { id, worker } = await api.createTask("running", { task: { max_attempts: 2 } });
    ok(await api.update(id, { progress: { fraction: 0.9 }, worker_id: worker, attempt: 1 }));

    const step = { status: "failed", error: "once", result: 1, worker_id: worker, attempt: 1 };
    expect(ok(await api.update(id, step))).toMatchObject({
      ...{ status: "pending", error: null, result: null, progress: null, worker_id: null, runs: 1 },
      ...{ started_at: null, completed_at: null, errors: [{ error: "once" }] },
    });
  });

  test("an attempt that was not started counts as a run if it failed, but not if it was released", async () => {
    const { id, worker } = await api.createTask("claimed", { task: { max_attempts: 2 } });
    for (let times = 0; times < 3; times += 1) {
      ok(await api.as("wes").post(`/workers/${worker}/release`, { body: { tasks: [id] } }));
      await api.claim(worker);
    }
    expect(await api.readTask(id)).toMatchObject({ attempt: 4, runs: 0, errors: [] });

    const failed = ok(await api.update(id, { status: "failed", worker_id: worker, attempt: 4 }));

    expect(failed).toMatchObject({ status: "pending", runs: 1, errors: [{ attempt: 4 }] });
  });
});

describe("delay before the next attempt", () => {
  const expectAbout = (seconds: number) => expect.closeTo(seconds, 1);

  test("the delay before the next attempt doubles up to max_seconds if the backoff is exponential", async () => {
    const backoff = { kind: "exponential", seconds: 10, max_seconds: 25, jitter: 0 };

    const { delays } = await failAttempts({ max_attempts: 5, backoff }, 4);

    expect(delays).toEqual([expectAbout(10), expectAbout(20), expectAbout(25), expectAbout(25)]);
  });

  test("the delay before the next attempt stays the same if the backoff is fixed", async () => {
    const backoff = { kind: "fixed", seconds: 10, jitter: 0 };

    expect((await failAttempts({ max_attempts: 4, backoff }, 3)).delays).toEqual([
      expectAbout(10),
      expectAbout(10),
      expectAbout(10),
    ]);
  });

  test("the delay before the next attempt is 5 seconds with a jitter of 20 percent by default", async () => {
    const [delay = 0] = (await failAttempts({ max_attempts: 2 }, 1)).delays;

    expect(delay).toBeGreaterThan(3.9);
    expect(delay).toBeLessThan(6.1);
  });

  test("the delay before the next attempt keeps the task out of the queue until the delay has passed", async () => {
    const { id, worker } = await failAttempts({ max_attempts: 2 }, 1);

    expect(ok(await api.as("wes").post("/tasks/claim", { body: { worker_id: worker } })).task).toBeNull();
    expect((await api.readTask(id)).queue_position).toBeNull();
    await api.ageTask(id, 10);
    expect((await api.readTask(id)).queue_position).toBe(1);
    expect((await api.claim(worker)).id).toBe(id);
  });
});
