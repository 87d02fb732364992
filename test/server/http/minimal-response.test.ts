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

describe("Prefer: return=minimal, of many submits", () => {
  test("tells once what all of them share, and their ids in their order", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);

    const answer = await submit(room, [
      { job_name, payload: { n: 0 }, priority: 3 },
      { job_name, payload: { n: 1 }, priority: 3 },
    ]);

    const { common, ids } = MinimalSubmittedTasks.parse(ok(answer, 202));
    expect(answer.headers["preference-applied"]).toBe("return=minimal");
    const tasks = await Promise.all(ids.map((id) => api.readTask(id)));
    expect(tasks.map(({ payload }) => payload)).toEqual([{ n: 0 }, { n: 1 }]);
    for (const { queue_position: _, ...task } of tasks) {
      expect({ ...common, id: task.id, payload: task.payload }).toMatchObject(task);
    }
  });

  test("is whole where they differ in more than that", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);

    const answer = await submit(room, [{ job_name }, { job_name, priority: 1 }]);

    const { tasks } = operations.submitTasks.responses[202].parse(ok(answer, 202));
    expect(tasks.map(({ priority }) => priority)).toEqual([0, 1]);
    expect(answer.headers["preference-applied"]).toBeUndefined();
  });
});

describe("Prefer: return=minimal, of many updates", () => {
  /** A worker and the tasks that it has started. */
  const aHandful = async (count: number, job: Record<string, unknown> = {}) => {
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
    const answer = await api.as("wes").patch(`/workers/${worker}/tasks`, request);
    expect(answer.headers["preference-applied"]).toBe("return=minimal");
    return operations.updateTasks.minimal[200].parse(ok(answer)).results;
  };

  test("tells how each stands since, and no more", async () => {
    const { worker, ids } = await aHandful(3);
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
    const read = await api.readTask(first ?? "");
    expect(read).toMatchObject({ status: "completed", result: { n: 1 }, ...results[0] });
  });

  test("holds each to its fence, its job's promise and its place in the request", async () => {
    const { worker, ids } = await aHandful(4, { result_schema: { type: "number" } });
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

  test("wakes who waits for one of them", async () => {
    const { worker, ids } = await aHandful(2);
    const [first, second] = ids;
    const waiting = api.as("wes").get(`/tasks/${first}`, { headers: { prefer: "wait=30" } });
    // Not answered while its worker is at work; when it is heard of does not matter, before or after.
    await expect(Promise.race([waiting, api.readTask(second ?? "")])).resolves.toMatchObject({ id: second });

    await send(worker, [
      { id: first, status: "completed", attempt: 1, result: 7 },
      { id: second, status: "completed", attempt: 1 },
    ]);

    expect(ok(await waiting)).toMatchObject({ id: first, status: "completed", result: 7 });
  });
});
