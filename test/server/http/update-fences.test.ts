import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok } from "./responses.ts";

const UNKNOWN_ID = "01900000-0000-7000-8000-000000000000";
const NO_BACKOFF = { kind: "fixed", seconds: 0 };

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const completed = (worker_id: string, attempt: number, result?: unknown) => ({
  ...{ status: "completed", worker_id, attempt, result },
});
const failed = (worker_id: string, attempt: number, error = "broken") => ({
  ...{ status: "failed", worker_id, attempt, error },
});

describe("fence of an update", () => {
  test("an update with the worker and the attempt of the lease is accepted", async () => {
    const { id, worker } = await api.createTask("running");

    expect(ok(await api.update(id, completed(worker.toUpperCase(), 1, 7))).result).toBe(7);
  });

  test.each([
    ["another attempt", { attempt: 2 }],
    ["an earlier attempt", { attempt: 0 }],
    ["an unknown worker", { worker_id: UNKNOWN_ID }],
    ["a worker_id that is not a UUID", { worker_id: "no-uuid" }],
  ])("an update with %s is rejected with task-lost", async (_, fence) => {
    const { id } = await api.createTask("running");

    for (const step of [{ status: "completed" }, { status: "cancelled" }, { progress: { fraction: 1 } }]) {
      expectProblem(await api.update(id, { ...step, ...fence }), "task-lost");
    }
    expect((await api.readTask(id)).status).toBe("running");
  });

  test("an update from another worker of the same user is rejected with task-lost", async () => {
    const { id } = await api.createTask("running");
    const other = await api.createWorker();

    expectProblem(await api.update(id, completed(other.id, 1)), "task-lost");
  });

  test("an update from a worker that was removed is rejected with task-lost", async () => {
    const { id, worker } = await api.createTask("claimed");
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);

    expectProblem(await api.update(id, completed(worker, 1)), "task-lost");
  });
});

describe("update without the lease", () => {
  test("an update by a worker fails with task-lost after the task was cancelled", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));

    expectProblem(await api.update(id, completed(worker, 1)), "task-lost");
    expectProblem(await api.update(id, failed(worker, 1)), "task-lost");
    expectProblem(await api.update(id, { progress: {}, worker_id: worker, attempt: 1 }), "task-lost");
  });

  test("an update by a worker fails with task-lost after the task timed out", async () => {
    const { id, worker } = await api.createTask("running", { task: { timeout_seconds: 60 } });
    await api.ageTask(id);
    await api.sweep();

    expectProblem(await api.update(id, completed(worker, 1)), "task-lost");
  });

  test("an update by a worker fails with task-lost after the task was requeued, also while another worker has the lease", async () => {
    const { id, worker, job, room } = await api.createTask("claimed");
    ok(await api.as("wes").post(`/workers/${worker}/release`, { body: { tasks: [id] } }));
    expectProblem(await api.update(id, { status: "running", worker_id: worker, attempt: 1 }), "task-lost");
    const other = (await api.registerJob(room, { name: job.name })).worker_id;
    await api.claim(other);

    expectProblem(await api.update(id, { status: "running", worker_id: worker, attempt: 1 }), "task-lost");
    expectProblem(await api.update(id, { status: "running", worker_id: worker, attempt: 2 }), "task-lost");
    ok(await api.update(id, { status: "running", worker_id: other, attempt: 2 }));
  });

  test("an update for an earlier attempt fails with task-lost after the worker claimed the task again", async () => {
    const { id, worker } = await api.createTask("running", {
      task: { max_attempts: 3, backoff: NO_BACKOFF },
    });
    ok(await api.update(id, failed(worker, 1)));
    await api.claim(worker, { start: true });

    expectProblem(await api.update(id, completed(worker, 1)), "task-lost");
    ok(await api.update(id, completed(worker, 2)));
  });

  test("an update fails with invalid-task-transition instead of task-lost if the worker itself ended the task", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, failed(worker, 1, "worker bee out of honey")));

    expectProblem(await api.update(id, completed(worker, 1)), "invalid-task-transition");
  });
});

describe("repeated update", () => {
  test("a repeated completion with the same result returns the task, regardless of the order of the result's members", async () => {
    const { id, worker } = await api.createTask("running");
    const first = ok(await api.update(id, completed(worker, 1, { a: 1, b: 2 })));

    expect(ok(await api.update(id, completed(worker, 1, { b: 2, a: 1 })))).toEqual(first);
    expect(ok(await api.update(id, completed(worker, 1)))).toEqual(first);
    expectProblem(await api.update(id, completed(worker, 1, { a: 2 })), "invalid-task-transition");
  });

  test("a repeated update to failed returns the task, even if the task has been retried since", async () => {
    const { id, worker } = await api.createTask("running", {
      task: { max_attempts: 2, backoff: NO_BACKOFF },
    });
    expect(ok(await api.update(id, failed(worker, 1))).status).toBe("pending");

    expect(ok(await api.update(id, failed(worker, 1)))).toMatchObject({ status: "pending", attempt: 1 });
    await api.claim(worker, { start: true });
    expect(ok(await api.update(id, failed(worker, 1)))).toMatchObject({ status: "running", attempt: 2 });
    ok(await api.update(id, failed(worker, 2)));

    const last = ok(await api.update(id, failed(worker, 2)));
    expect(last).toMatchObject({ status: "failed", runs: 2 });
    expect(ok(await api.update(id, failed(worker, 2, "in other words")))).toEqual(last);
    expect(ok(await api.update(id, failed(worker, 1))).errors).toHaveLength(2);
  });

  test("a repeated cancel returns the task", async () => {
    const { id, task } = await api.createTask("cancelled");

    expect(ok(await api.update(id, { status: "cancelled" }, "ann"))).toEqual(task);
  });

  test("a repeated update to running with worker_id and attempt returns the task", async () => {
    const { id, worker } = await api.createTask("running");

    const repeated = { status: "running", worker_id: worker, attempt: 1 };
    expect(ok(await api.update(id, repeated))).toMatchObject({ status: "running", runs: 1 });
  });

  test("a repeated update returns the task even if its worker has been removed since", async () => {
    const { id, worker } = await api.createTask("completed");
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);

    expect(ok(await api.update(id, completed(worker, 1, 1))).status).toBe("completed");
  });

  test("a repeated update fails with task-lost for another attempt", async () => {
    const { id, worker } = await api.createTask("completed");

    expectProblem(await api.update(id, completed(worker, 2, 1)), "task-lost");
  });
});
