import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { task_retention_days: 30 } });
});
afterAll(() => api.close());

const AGAIN = { max_attempts: 3, backoff: { kind: "fixed", seconds: 0 } };

const completed = (worker_id: string, attempt: number, result: unknown) => ({
  ...{ status: "completed", worker_id, attempt, result },
});
const keptOf = async (id: string) => ok(await api.as("ann").get(`/tasks/${id}/late_results`)).items;
const adopt = (id: string, body?: object) =>
  api.as("ann").post(`/tasks/${id}/adopt`, body === undefined ? {} : { body });

/** A task whose worker was given up while it ran, and came back with a result. */
const aLateTask = async ({ task = {}, job = {} }: { task?: object; job?: object } = {}) => {
  const scene = await api.createTask("running", { task, job });
  await api.ageWorker(scene.worker);
  await api.sweep();
  const answer = await api.update(scene.id, completed(scene.worker, 1, { frames: 3 }));
  return { ...scene, answer };
};

describe("a result that comes too late", () => {
  test("is refused, and kept for who submitted the task", async () => {
    const { id, worker, answer } = await aLateTask();

    expect(expectProblem(answer, "task-lost").detail).toContain("is kept");
    expect(await api.readTask(id)).toMatchObject({ status: "failed", result: null });
    expect(await keptOf(id)).toEqual([
      {
        attempt: 1,
        worker_id: worker,
        user_id: "wes",
        at: expect.stringMatching(/Z$/),
        result: { frames: 3 },
      },
    ]);
  });

  test("is kept once, as it came first", async () => {
    const { id, worker } = await aLateTask();

    expectProblem(await api.update(id, completed(worker, 1, "another")), "task-lost");

    expect((await keptOf(id)).map(({ result }: { result: unknown }) => result)).toEqual([{ frames: 3 }]);
  });

  test("is kept after a cancel, too", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    expectProblem(await api.update(id, completed(worker, 1, 7)), "task-lost");

    expect(ok(await adopt(id))).toMatchObject({ status: "completed", result: 7, error: null });
  });

  test("of an attempt that the worker never had is not kept", async () => {
    const { id, worker } = await aLateTask();
    const other = await api.createWorker();

    for (const late of [completed(worker, 2, 1), completed(other.id, 1, 1)]) {
      expect(expectProblem(await api.update(id, late), "task-lost").detail).not.toContain("kept");
    }
    expect(await keptOf(id)).toHaveLength(1);
  });

  test("goes with its task", async () => {
    const { id } = await aLateTask();
    await api.ageTask(id, 40 * 86_400);
    await api.sweep();

    expectProblem(await api.as("ann").get(`/tasks/${id}/late_results`), "task-not-found");
    expectProblem(await adopt(id), "task-not-found");
  });
});

describe("adopting a late result", () => {
  test("completes a task that had failed, and keeps what went wrong", async () => {
    const { id, worker } = await aLateTask();

    const task = ok(await adopt(id));

    expect(task).toMatchObject({
      status: "completed",
      result: { frames: 3 },
      error: null,
      worker_id: worker,
    });
    expect(task.errors).toHaveLength(1);
    expect(await api.readTask(id)).toEqual(task);
    expectProblem(await adopt(id), "invalid-task-transition");
  });

  test("takes the task from who holds it now, and tells it", async () => {
    const { id, room, job } = await aLateTask({ task: AGAIN });
    const other = (await api.registerJob(room, { name: job.name })).worker_id;
    const held = await api.claim(other, { start: true });
    const waiting = api.as("wes").patch(`/workers/${other}`, {
      body: { tasks: [id] },
      headers: { prefer: "wait=20" },
    });

    ok(await adopt(id, { attempt: 1 }));

    expect(ok(await waiting).stop).toEqual([{ task_id: id, reason: "lost" }]);
    expectProblem(await api.update(id, completed(other, held.attempt, 0)), "task-lost");
    expect(await api.readTask(id)).toMatchObject({ status: "completed", result: { frames: 3 } });
  });

  test("of a task that waits for its next try ends the wait of who waits for it", async () => {
    const { id } = await aLateTask({ task: { ...AGAIN, backoff: { kind: "fixed", seconds: 3600 } } });
    const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=20" } });

    ok(await adopt(id));

    expect(ok(await waiting).status).toBe("completed");
  });

  test("that does not fit what the job promises is 422", async () => {
    const { id } = await aLateTask({ job: { result_schema: { type: "string" } } });

    expect(getErrorPointers(await adopt(id))).toEqual(["/result"]);
    expect((await api.readTask(id)).status).toBe("failed");
  });

  test("where none is kept is 422", async () => {
    const { id } = await api.createTask("failed");

    expect(getErrorPointers(await adopt(id))).toEqual(["/attempt"]);
    expect(getErrorPointers(await adopt((await aLateTask()).id, { attempt: 2 }))).toEqual(["/attempt"]);
  });
});
