import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { worker_timeout_threshold: 20 } });
});
afterAll(() => api.close());

const beat = (worker: string, tasks?: string[], headers: Record<string, string> = {}) =>
  api.as("wes").patch(`/workers/${worker}`, { headers, ...(tasks && { body: { tasks } }) });
const stopped = async (worker: string, tasks: string[]) => ok(await beat(worker, tasks)).stop;
const workerOf = async (id: string) =>
  ok(await api.as("wes").get("/workers?limit=500")).items.find((worker) => worker.id === id);

describe("a heartbeat", () => {
  test("is a sign of life, and tells when the next is due", async () => {
    const { id } = await api.createWorker();
    await api.ageWorker(id);
    expect((await workerOf(id))?.alive).toBe(false);

    const answer = ok(await beat(id));

    expect(answer).toEqual({ id, last_heartbeat: expect.any(String), heartbeat_seconds: 5, stop: [] });
    expect(await workerOf(id)).toMatchObject({ alive: true, last_heartbeat: answer.last_heartbeat });
  });

  test("is its owner's alone, and of a worker that is gone 404", async () => {
    const { id } = await api.createWorker();
    for (const user of ["ann", "root"]) {
      expectProblem(await api.as(user).patch(`/workers/${id}`), "forbidden");
    }
    ok(await api.as("wes").delete(`/workers/${id}`), 204);

    expectProblem(await beat(id), "worker-not-found");
  });

  test("takes a list of ids and nothing else", async () => {
    const { id } = await api.createWorker();
    const body = { tasks: [1] };

    expect(getErrorPointers(await api.as("wes").patch(`/workers/${id}`, { body }))).toEqual(["/tasks/0"]);
  });
});

describe("of the tasks that it names, it tells to stop", () => {
  test("none that the worker holds", async () => {
    const { id, worker } = await api.createTask("running");

    expect(await stopped(worker, [id])).toEqual([]);
  });

  test("the cancelled ones", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));

    expect(await stopped(worker, [id])).toEqual([{ task_id: id, reason: "cancelled" }]);
  });

  test("those that took too long", async () => {
    const { id, worker } = await api.createTask("running", { task: { timeout_seconds: 60 } });
    await api.ageTask(id);
    await api.sweep();

    expect(await stopped(worker, [id])).toEqual([{ task_id: id, reason: "timed_out" }]);
  });

  test("those that were lost: put back, finished by another hand, or never its own", async () => {
    const [others, lost, ended] = [
      await api.createTask("running"),
      await api.createTask("claimed"),
      await api.createTask("running"),
    ];
    await api.ageTask(lost.id);
    ok(await beat(lost.worker, []));
    ok(await api.update(ended.id, { status: "completed" }, "root"));

    for (const [worker, task_id] of [
      [lost.worker, lost.id],
      [ended.worker, ended.id],
      [lost.worker, others.id],
      [lost.worker, "no-uuid"],
      [lost.worker, "01900000-0000-7000-8000-000000000000"],
    ] as const) {
      expect(await stopped(worker, [task_id])).toEqual([{ task_id, reason: "lost" }]);
    }
  });

  test("nothing that the worker itself has just ended", async () => {
    const { id, worker } = await api.createTask("completed");

    expect(await stopped(worker, [id])).toEqual([]);
  });
});

describe("of the tasks that it does not name", () => {
  test("claimed ones are pending again once the grace is over, and not before", async () => {
    const { id, worker } = await api.createTask("claimed");

    ok(await beat(worker, []));
    expect((await api.readTask(id)).status).toBe("claimed");
    await api.ageTask(id, 4);
    ok(await beat(worker, []));
    expect((await api.readTask(id)).status).toBe("claimed");
    await api.ageTask(id, 1.1);
    ok(await beat(worker, []));

    expect(await api.readTask(id)).toMatchObject({ status: "pending", worker_id: null, runs: 0 });
  });

  test("running ones are treated as a dead worker's", async () => {
    const { id, worker } = await api.createTask("running");
    const again = await api.createTask("running", { task: { max_attempts: 2 } });
    for (const task of [id, again.id]) await api.ageTask(task, 6);
    for (const one of [worker, again.worker]) ok(await beat(one, []));

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error: expect.stringContaining(worker), errors: [{ attempt: 1 }] },
    });
    expect(await api.readTask(again.id)).toMatchObject({ status: "pending", runs: 1 });
  });

  test("nothing is said without a list", async () => {
    const { id, worker } = await api.createTask("claimed");
    await api.ageTask(id);

    ok(await beat(worker));
    ok(await api.as("wes").patch(`/workers/${worker}`, { body: {} }));

    expect((await api.readTask(id)).status).toBe("claimed");
  });

  test("the grace is a setting", async () => {
    const own = await openApi({ orm: api.orm, settings: { claim_grace_seconds: 0 } });
    const { id, worker } = await own.createTask("claimed");

    ok(await own.as("wes").patch(`/workers/${worker}`, { body: { tasks: [] } }));

    expect((await own.readTask(id)).status).toBe("pending");
    await own.close();
  });
});
