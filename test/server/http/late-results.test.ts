import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { task_retention_days: 30 } });
});
afterAll(() => api.close());

const RETRYABLE = { max_attempts: 3, backoff: { kind: "fixed", seconds: 0 } };

const completed = (worker_id: string, attempt: number, result: unknown) => ({
  ...{ status: "completed", worker_id, attempt, result },
});
const listLateResults = async (id: string) => ok(await api.as("ann").get(`/tasks/${id}/late_results`)).items;
const adopt = (id: string, body?: object) =>
  api.as("ann").post(`/tasks/${id}/adopt`, body === undefined ? {} : { body });

/**
 * Creates a task with a late result: a sweep removed its worker during the run, and then the worker
 * sent the result.
 */
const createTaskWithLateResult = async ({ task = {}, job = {} }: { task?: object; job?: object } = {}) => {
  const setup = await api.createTask("running", { task, job });
  await api.ageWorker(setup.worker);
  await api.sweep();
  const response = await api.update(setup.id, completed(setup.worker, 1, { frames: 3 }));
  return { ...setup, response };
};

describe("late result", () => {
  test("a late result is rejected, but kept for the submitter of the task", async () => {
    const { id, worker, response } = await createTaskWithLateResult();

    expect(expectProblem(response, "task-lost").detail).toContain("is stored as a late result");
    expect(await api.readTask(id)).toMatchObject({ status: "failed", result: null });
    expect(await listLateResults(id)).toEqual([
      {
        attempt: 1,
        worker_id: worker,
        user_id: "wes",
        at: expect.stringMatching(/Z$/),
        result: { frames: 3 },
      },
    ]);
  });

  test("a late result is stored once, and another late result does not replace it", async () => {
    const { id, worker } = await createTaskWithLateResult();

    expectProblem(await api.update(id, completed(worker, 1, "another")), "task-lost");

    expect((await listLateResults(id)).map(({ result }: { result: unknown }) => result)).toEqual([
      { frames: 3 },
    ]);
  });

  test("a late result is also stored after the task was cancelled", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    expectProblem(await api.update(id, completed(worker, 1, 7)), "task-lost");

    expect(ok(await adopt(id))).toMatchObject({ status: "completed", result: 7, error: null });
  });

  test("a late result is not stored for an attempt that the worker never had", async () => {
    const { id, worker } = await createTaskWithLateResult();
    const other = await api.createWorker();

    for (const late of [completed(worker, 2, 1), completed(other.id, 1, 1)]) {
      expect(expectProblem(await api.update(id, late), "task-lost").detail).not.toContain("stored");
    }
    expect(await listLateResults(id)).toHaveLength(1);
  });

  test("a late result is deleted with its task", async () => {
    const { id } = await createTaskWithLateResult();
    await api.ageTask(id, 40 * 86_400);
    await api.sweep();

    expectProblem(await api.as("ann").get(`/tasks/${id}/late_results`), "task-not-found");
    expectProblem(await adopt(id), "task-not-found");
  });
});

describe("adoption of late results", () => {
  test("adopting a late result completes a failed task and keeps its errors", async () => {
    const { id, worker } = await createTaskWithLateResult();

    const task = ok(await adopt(id));

    expect(task).toMatchObject({
      status: "completed",
      result: { frames: 3 },
      error: null,
      worker_id: worker,
    });
    expect(task.errors).toHaveLength(1);
    expect(await api.readTask(id)).toEqual(task);
    const { detail } = expectProblem(await adopt(id), "invalid-task-transition");
    expect(detail).toBe("The task is already completed, so no late result can be adopted.");
  });

  test("adopting a late result ends the lease of the current worker, whose heartbeat reports the task as lost", async () => {
    const { id, room, job } = await createTaskWithLateResult({ task: RETRYABLE });
    const other = (await api.registerJob(room, { name: job.name })).worker_id;
    const claimed = await api.claim(other, { start: true });
    const waiting = api.as("wes").patch(`/workers/${other}`, {
      body: { tasks: [id] },
      headers: { prefer: "wait=20" },
    });

    ok(await adopt(id, { attempt: 1 }));

    expect(ok(await waiting).stop).toEqual([{ task_id: id, reason: "lost" }]);
    expectProblem(await api.update(id, completed(other, claimed.attempt, 0)), "task-lost");
    expect(await api.readTask(id)).toMatchObject({ status: "completed", result: { frames: 3 } });
  });

  test("adopting a late result wakes the long poll for a task that waits for its next attempt", async () => {
    const { id } = await createTaskWithLateResult({
      task: { ...RETRYABLE, backoff: { kind: "fixed", seconds: 3600 } },
    });
    const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=20" } });

    ok(await adopt(id));

    expect(ok(await waiting).status).toBe("completed");
  });

  test("a late result cannot be adopted if it does not match the job's result schema", async () => {
    const { id } = await createTaskWithLateResult({ job: { result_schema: { type: "string" } } });

    expect(getErrorPointers(await adopt(id))).toEqual(["/result"]);
    expect((await api.readTask(id)).status).toBe("failed");
  });

  test("the adoption of a late result is rejected if no late result is stored", async () => {
    const { id } = await api.createTask("failed");

    const { id: other } = await createTaskWithLateResult();

    expect(expectProblem(await adopt(id), "validation-error")).toMatchObject({
      detail: "The task has no late result to adopt.",
      errors: [],
    });
    expect(expectProblem(await adopt(other, { attempt: 2 }), "validation-error")).toMatchObject({
      detail: "The task has no late result of attempt 2.",
      errors: [{ pointer: "/attempt" }],
    });
  });
});
