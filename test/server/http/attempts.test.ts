import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** A running task that fails so often; gives how long it waits after each failure, and how it stands. */
const failing = async (task: object, times: number) => {
  const { id, worker } = await api.createTask("running", { task });
  const waits: number[] = [];
  for (let attempt = 1; attempt <= times; attempt += 1) {
    const error = `failure ${attempt}`;
    const after = ok(await api.update(id, { status: "failed", error, worker_id: worker, attempt }));
    const failedAt = after.errors.at(-1)?.at ?? "";
    waits.push((Date.parse(after.run_at) - Date.parse(failedAt)) / 1000);
    if (attempt === times) break;
    await api.ageTask(id, 100_000);
    await api.claim(worker, { start: true });
  }
  return { id, worker, waits };
};

describe("attempts", () => {
  test("are one unless more are asked for: what fails is failed", async () => {
    const { id } = await failing({}, 1);

    expect(await api.readTask(id)).toMatchObject({ status: "failed", runs: 1, error: "failure 1" });
  });

  test("are as many as max_attempts says, each failure written down", async () => {
    const { id, worker } = await failing({ max_attempts: 3, backoff: { kind: "fixed", seconds: 1 } }, 3);

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", attempt: 3, runs: 3, error: "failure 3", worker_id: worker },
      errors: [1, 2, 3].map((attempt) => ({ attempt, error: `failure ${attempt}`, worker_id: worker })),
    });
  });

  test("that failed leave a task that is pending and knows nothing of them but their errors", async () => {
    const { id, worker } = await api.createTask("running", { task: { max_attempts: 2 } });
    ok(await api.update(id, { progress: { fraction: 0.9 }, worker_id: worker, attempt: 1 }));

    const step = { status: "failed", error: "once", result: 1, worker_id: worker, attempt: 1 };
    expect(ok(await api.update(id, step))).toMatchObject({
      ...{ status: "pending", error: null, result: null, progress: null, worker_id: null, runs: 1 },
      ...{ started_at: null, completed_at: null, errors: [{ error: "once" }] },
    });
  });

  test("that were claimed and never started cost nothing, but one that fails unstarted does", async () => {
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

describe("the wait before the next attempt", () => {
  const near = (seconds: number) => expect.closeTo(seconds, 1);

  test("doubles, up to its bound, where it is exponential", async () => {
    const backoff = { kind: "exponential", seconds: 10, max_seconds: 25, jitter: 0 };

    const { waits } = await failing({ max_attempts: 5, backoff }, 4);

    expect(waits).toEqual([near(10), near(20), near(25), near(25)]);
  });

  test("stays the same where it is fixed", async () => {
    const backoff = { kind: "fixed", seconds: 10, jitter: 0 };

    expect((await failing({ max_attempts: 4, backoff }, 3)).waits).toEqual([near(10), near(10), near(10)]);
  });

  test("is 5 seconds at first, spread by a fifth, where nothing is said", async () => {
    const [wait = 0] = (await failing({ max_attempts: 2 }, 1)).waits;

    expect(wait).toBeGreaterThan(3.9);
    expect(wait).toBeLessThan(6.1);
  });

  test("keeps the task from being claimed, and out of the queue", async () => {
    const { id, worker } = await failing({ max_attempts: 2 }, 1);

    expect(ok(await api.as("wes").post("/tasks/claim", { body: { worker_id: worker } })).task).toBeNull();
    expect((await api.readTask(id)).queue_position).toBeNull();
    await api.ageTask(id, 10);
    expect((await api.readTask(id)).queue_position).toBe(1);
    expect((await api.claim(worker)).id).toBe(id);
  });
});
