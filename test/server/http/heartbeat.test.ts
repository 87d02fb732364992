import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { worker_timeout_seconds: 20 } });
});
afterAll(() => api.close());

const sendHeartbeat = (worker: string, tasks?: string[], headers: Record<string, string> = {}) =>
  api.as("wes").patch(`/workers/${worker}`, { headers, ...(tasks && { body: { tasks } }) });
const getStops = async (worker: string, tasks: string[]) => ok(await sendHeartbeat(worker, tasks)).stop;
const findWorker = async (id: string) =>
  ok(await api.as("wes").get("/workers?limit=500")).items.find((worker) => worker.id === id);

describe("heartbeat", () => {
  test("a heartbeat makes the worker alive and returns the interval until the next heartbeat", async () => {
    const { id } = await api.createWorker();
    await api.ageWorker(id);
    expect((await findWorker(id))?.online).toBe(false);

    const response = ok(await sendHeartbeat(id));

    expect(response).toEqual({ id, last_heartbeat: expect.any(String), heartbeat_seconds: 5, stop: [] });
    expect(await findWorker(id)).toMatchObject({ online: true, last_heartbeat: response.last_heartbeat });
  });

  test("a heartbeat is allowed only for the owner of the worker, and fails with worker-not-found after the worker was removed", async () => {
    const { id } = await api.createWorker();
    for (const user of ["ann", "root"]) {
      expectProblem(await api.as(user).patch(`/workers/${id}`), "forbidden");
    }
    ok(await api.as("wes").delete(`/workers/${id}`), 204);

    expectProblem(await sendHeartbeat(id), "worker-not-found");
  });

  test("a heartbeat rejects a list of tasks that contains anything other than ids", async () => {
    const { id } = await api.createWorker();
    const body = { tasks: [1] };

    expect(getErrorPointers(await api.as("wes").patch(`/workers/${id}`, { body }))).toEqual(["/tasks/0"]);
  });
});

describe("stop list of a heartbeat", () => {
  test("the stop list of a heartbeat omits tasks whose lease the worker still has", async () => {
    const { id, worker } = await api.createTask("running");

    expect(await getStops(worker, [id])).toEqual([]);
  });

  test("the stop list of a heartbeat contains cancelled tasks", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));

    expect(await getStops(worker, [id])).toEqual([{ task_id: id, reason: "cancelled" }]);
  });

  test("the stop list of a heartbeat contains tasks that timed out", async () => {
    const { id, worker } = await api.createTask("running", { task: { timeout_seconds: 60 } });
    await api.ageTask(id);
    await api.sweep();

    expect(await getStops(worker, [id])).toEqual([{ task_id: id, reason: "timed_out" }]);
  });

  test("the stop list of a heartbeat contains as lost the tasks that were requeued, that another user completed, or that the worker never had", async () => {
    const [others, lost, ended] = [
      await api.createTask("running"),
      await api.createTask("claimed"),
      await api.createTask("running"),
    ];
    await api.ageTask(lost.id);
    ok(await sendHeartbeat(lost.worker, []));
    ok(await api.update(ended.id, { status: "completed" }, "root"));

    for (const [worker, task_id] of [
      [lost.worker, lost.id],
      [ended.worker, ended.id],
      [lost.worker, others.id],
      [lost.worker, "no-uuid"],
      [lost.worker, "01900000-0000-7000-8000-000000000000"],
    ] as const) {
      expect(await getStops(worker, [task_id])).toEqual([{ task_id, reason: "lost" }]);
    }
  });

  test("the stop list of a heartbeat omits tasks that the worker itself has just completed", async () => {
    const { id, worker } = await api.createTask("completed");

    expect(await getStops(worker, [id])).toEqual([]);
  });
});

describe("tasks that a heartbeat omits", () => {
  test("a claimed task that a heartbeat omits is requeued after the grace period", async () => {
    const { id, worker } = await api.createTask("claimed");

    ok(await sendHeartbeat(worker, []));
    expect((await api.readTask(id)).status).toBe("claimed");
    await api.ageTask(id, 4);
    ok(await sendHeartbeat(worker, []));
    expect((await api.readTask(id)).status).toBe("claimed");
    await api.ageTask(id, 1.1);
    ok(await sendHeartbeat(worker, []));

    expect(await api.readTask(id)).toMatchObject({ status: "pending", worker_id: null, runs: 0 });
  });

  test("a running task that a heartbeat omits fails or is retried like a task of a dead worker", async () => {
    const { id, worker } = await api.createTask("running");
    const retryable = await api.createTask("running", { task: { max_attempts: 2 } });
    for (const task of [id, retryable.id]) await api.ageTask(task, 6);
    for (const one of [worker, retryable.worker]) ok(await sendHeartbeat(one, []));

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error: expect.stringContaining(worker), errors: [{ attempt: 1 }] },
    });
    expect(await api.readTask(retryable.id)).toMatchObject({ status: "pending", runs: 1 });
  });

  test("a task keeps its status if the heartbeat has no list of tasks", async () => {
    const { id, worker } = await api.createTask("claimed");
    await api.ageTask(id);

    ok(await sendHeartbeat(worker));
    ok(await api.as("wes").patch(`/workers/${worker}`, { body: {} }));

    expect((await api.readTask(id)).status).toBe("claimed");
  });

  test("a claimed task that a heartbeat omits is requeued immediately if claim_grace_seconds is 0", async () => {
    const server = await openApi({ orm: api.orm, settings: { claim_grace_seconds: 0 } });
    const { id, worker } = await server.createTask("claimed");

    ok(await server.as("wes").patch(`/workers/${worker}`, { body: { tasks: [] } }));

    expect((await server.readTask(id)).status).toBe("pending");
    await server.close();
  });
});
