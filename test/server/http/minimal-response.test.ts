import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MinimalSubmittedTasks, operations } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { ok } from "./responses.ts";

const MINIMAL = { prefer: "return=minimal" };

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const submit = (room: string, tasks: unknown[]) =>
  api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks }, headers: MINIMAL });

describe("minimal response to a submission of several tasks", () => {
  test("a minimal response to a submission of several tasks contains the common members once and the ids in request order", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);

    const response = await submit(room, [
      { job_name, payload: { n: 0 }, priority: 3 },
      { job_name, payload: { n: 1 }, priority: 3 },
    ]);

    const { common, ids } = MinimalSubmittedTasks.parse(ok(response, 202));
    expect(response.headers["preference-applied"]).toBe("return=minimal");
    const tasks = await Promise.all(ids.map((id) => api.readTask(id)));
    expect(tasks.map(({ payload }) => payload)).toEqual([{ n: 0 }, { n: 1 }]);
    for (const { queue_position: _, ...task } of tasks) {
      expect({ ...common, id: task.id, payload: task.payload }).toMatchObject(task);
    }
  });

  test("a minimal response to a submission of several tasks is not sent if the tasks differ in members other than the payload", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);

    const response = await submit(room, [{ job_name }, { job_name, priority: 1 }]);

    const { tasks } = operations.submitTasks.responses[202].parse(ok(response, 202));
    expect(tasks.map(({ priority }) => priority)).toEqual([0, 1]);
    expect(response.headers["preference-applied"]).toBeUndefined();
  });
});

describe("minimal response to a batch of updates", () => {
  /** Creates a worker with `count` running tasks. */
  const createStartedTasks = async (count: number, job: Record<string, unknown> = {}) => {
    const room = newRoomId();
    const { full_name, worker_id } = await api.registerJob(room, job);
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) ids.push((await api.submit(room, full_name)).id);
    const body = { limit: count, start: true };
    ok(await api.as("wes").post(`/workers/${worker_id}/claims`, { body }));
    return { worker: worker_id, ids };
  };
  const send = async (worker: string, updates: unknown) => {
    const request = { body: { updates }, headers: MINIMAL };
    const response = await api.as("wes").patch(`/workers/${worker}/tasks`, request);
    expect(response.headers["preference-applied"]).toBe("return=minimal");
    return operations.updateTasks.minimal[200].parse(ok(response)).results;
  };

  test("a minimal response to a batch of updates contains only the id, the status and the completion time of each task", async () => {
    const { worker, ids } = await createStartedTasks(3);
    const [first, second, third] = ids;

    const results = await send(worker, [
      { id: first, status: "completed", attempt: 1, result: { n: 1 } },
      { id: second, status: "failed", attempt: 1, error: "no" },
      { id: third, status: "completed", attempt: 1 },
    ]);

    expect(results.map((one) => Object.keys(one))).toEqual(Array(3).fill(["id", "status", "completed_at"]));
    expect(results).toMatchObject([
      { id: first, status: "completed" },
      { id: second, status: "failed" },
      { id: third, status: "completed" },
    ]);
    const stored = await api.readTask(first ?? "");
    expect(stored).toMatchObject({ status: "completed", result: { n: 1 }, ...results[0] });
  });

  test("a batch of updates with a minimal response still checks the fence, the result schema and the order of each update", async () => {
    const { worker, ids } = await createStartedTasks(4, { result_schema: { type: "number" } });
    const [first, second, third, fourth] = ids;

    const results = await send(worker, [
      { id: first, status: "completed", attempt: 1, result: "x" },
      { id: second, status: "completed", attempt: 9, result: 1 },
      { id: third, status: "completed", attempt: 1, result: 1 },
      { id: third, status: "completed", attempt: 1, result: 2 },
      { id: fourth, status: "completed", attempt: 1, result: 1, progress: { fraction: 1 } },
      { id: fourth, status: "completed", attempt: 1, result: 1 },
    ]);

    expect(results).toMatchObject([
      { problem: { status: 422, errors: [{ pointer: "/updates/0/result" }] } },
      { problem: { status: 409 } },
      { id: third, status: "completed" },
      { problem: { status: 409 } },
      { id: fourth, status: "completed" },
      { id: fourth, status: "completed" },
    ]);
    expect((await api.readTask(third ?? "")).result).toBe(1);
    expect((await api.readTask(fourth ?? "")).progress).toEqual({ fraction: 1 });
  });

  test("a batch of updates with a minimal response wakes the long poll for a completed task", async () => {
    const { worker, ids } = await createStartedTasks(2);
    const [first, second] = ids;
    const waiting = api.as("wes").get(`/tasks/${first}`, { headers: { prefer: "wait=30" } });
    // The long poll is still waiting while the task runs, so another request receives its response
    // first.
    await expect(Promise.race([waiting, api.readTask(second ?? "")])).resolves.toMatchObject({ id: second });

    await send(worker, [
      { id: first, status: "completed", attempt: 1, result: 7 },
      { id: second, status: "completed", attempt: 1 },
    ]);

    expect(ok(await waiting)).toMatchObject({ id: first, status: "completed", result: 7 });
  });
});
