import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok, preferWait, timed } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const beat = (worker: string, tasks?: string[], headers: Record<string, string> = {}) =>
  api.as("wes").patch(`/workers/${worker}`, { headers, ...(tasks && { body: { tasks } }) });
const workerOf = async (id: string) =>
  ok(await api.as("wes").get("/workers?limit=500")).items.find((worker) => worker.id === id);

describe("a heartbeat with Prefer: wait", () => {
  test("is answered as soon as there is something to stop", async () => {
    const { id, worker } = await api.createTask("running");
    const held = timed(beat(worker, [id], preferWait(30).headers));

    ok(await api.update(id, { status: "cancelled" }, "ann"));

    const { value, ms } = await held;
    expect(ok(value).stop).toEqual([{ task_id: id, reason: "cancelled" }]);
    expect(value.headers["preference-applied"]).toBe("wait=30");
    expect(ms).toBeLessThan(4000);
  });

  test("is answered at once where there is something already", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));

    const { value, ms } = await timed(beat(worker, [id], preferWait(30).headers));

    expect(ok(value).stop).toHaveLength(1);
    expect(ms).toBeLessThan(4000);
  });

  test("is answered after N seconds, not before, where there is nothing", async () => {
    const { id, worker } = await api.createTask("running");

    const { value, ms } = await timed(beat(worker, [id], preferWait(1).headers));

    expect(ok(value).stop).toEqual([]);
    expect(ms).toBeGreaterThanOrEqual(995);
  });

  test("is not woken by what the worker itself ends", async () => {
    const [first, second] = [await api.createTask("running"), await api.createTask("running")];
    const held = timed(beat(first.worker, [first.id, second.id], preferWait(1).headers));
    expect((await held).value.body.stop).toEqual([{ task_id: second.id, reason: "lost" }]);
    const quiet = timed(beat(first.worker, [first.id], preferWait(1).headers));

    ok(await api.update(first.id, { status: "completed", worker_id: first.worker, attempt: 1 }));

    const { value, ms } = await quiet;
    expect(ok(value).stop).toEqual([]);
    expect(ms).toBeGreaterThanOrEqual(995);
  });

  test("does not take a task that was claimed meanwhile for one that was never received", async () => {
    const { id: known, job, room, worker } = await api.createTask("running");
    await api.ageWorker(worker);
    const held = beat(worker, [known], preferWait(1).headers);
    await eventually(async () => (await workerOf(worker))?.alive);
    const { id } = await api.submit(room, job.full_name);
    await api.claim(worker);
    await api.ageTask(id);

    ok(await held);

    expect((await api.readTask(id)).status).toBe("claimed");
  });

  test("is a sign of life for as long as it is held", async () => {
    const own = await openApi({ orm: api.orm, settings: { worker_timeout_threshold: 0.4 } });
    const { id } = await own.createWorker();
    const held = own.as("wes").patch(`/workers/${id}`, preferWait(20));
    const isAlive = async () =>
      ok(await own.as("wes").get("/workers?limit=500")).items.find((worker) => worker.id === id)?.alive;

    for (let times = 0; times < 3; times += 1) {
      await own.ageWorker(id);
      expect(await eventually(isAlive)).toBe(true);
    }

    ok(await own.as("root").delete(`/workers/${id}`), 204);
    expectProblem(await held, "worker-not-found");
    await own.close();
  });
});
