import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTimer } from "../../support/timer.ts";
import { type Api, openApi } from "./api.ts";
import { LONG_WAIT_SECONDS, LONG_WAIT_SETTINGS, NEVER_MS, openLongPoll } from "./long-polls.ts";
import { expectProblem, ok, preferWait } from "./responses.ts";

// Turns polling off, so that only an event can end a long poll early.
vi.mock("../../../server/state/long-poll.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  getPollInterval: () => NEVER_MS,
}));

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: LONG_WAIT_SETTINGS });
});
afterAll(() => api.close());

const sendHeartbeat = (worker: string, tasks?: string[], headers: Record<string, string> = {}) =>
  api.as("wes").patch(`/workers/${worker}`, { headers, ...(tasks && { body: { tasks } }) });
const LONG_WAIT = preferWait(LONG_WAIT_SECONDS).headers;

describe("waiting heartbeats", () => {
  test("a waiting heartbeat is woken by a task that must be stopped", async () => {
    const { id, worker } = await api.createTask("running");
    const { response } = await openLongPoll(() => sendHeartbeat(worker, [id], LONG_WAIT));

    ok(await api.update(id, { status: "cancelled" }, "ann"));

    expect(ok(await response).stop).toEqual([{ task_id: id, reason: "cancelled" }]);
    expect((await response).headers["preference-applied"]).toBe(LONG_WAIT.prefer);
  });

  test("a waiting heartbeat returns immediately if a task must already be stopped", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));

    expect(ok(await sendHeartbeat(worker, [id], LONG_WAIT)).stop).toHaveLength(1);
  });

  test("a waiting heartbeat returns an empty stop list at the end of the wait", async () => {
    const { id, worker } = await api.createTask("running");

    const second = startTimer(1);

    expect(ok(await sendHeartbeat(worker, [id], preferWait(1).headers)).stop).toEqual([]);
    expect(second.isOver).toBe(true);
  });

  test("a waiting heartbeat is not woken by a task that the worker itself completes", async () => {
    const [first, second] = [await api.createTask("running"), await api.createTask("running")];
    const heartbeat = sendHeartbeat(first.worker, [first.id, second.id], preferWait(1).headers);
    expect(ok(await heartbeat).stop).toEqual([{ task_id: second.id, reason: "lost" }]);
    const timer = startTimer(1);
    const { response } = await openLongPoll(() =>
      sendHeartbeat(first.worker, [first.id], preferWait(1).headers),
    );

    ok(await api.update(first.id, { status: "completed", worker_id: first.worker, attempt: 1 }));

    expect(ok(await response).stop).toEqual([]);
    expect(timer.isOver).toBe(true);
  });

  test("a waiting heartbeat does not requeue a task that was claimed during the wait", async () => {
    const { id: running, job, room, worker } = await api.createTask("running");
    const { response } = await openLongPoll(() => sendHeartbeat(worker, [running], preferWait(1).headers));
    const { id } = await api.submit(room, job.full_name);
    await api.claim(worker);
    await api.ageTask(id);

    ok(await response);

    expect((await api.readTask(id)).status).toBe("claimed");
  });

  test("a waiting heartbeat keeps the worker alive during the wait", async () => {
    const server = await openApi({ orm: api.orm, settings: { worker_timeout_seconds: 0.4 } });
    const { id } = await server.createWorker();
    const response = server.as("wes").patch(`/workers/${id}`, preferWait(20));
    const isAlive = async () =>
      ok(await server.as("wes").get("/workers?limit=500")).items.find((worker) => worker.id === id)?.online;

    for (let times = 0; times < 3; times += 1) {
      await server.ageWorker(id);
      expect(await eventually(isAlive)).toBe(true);
    }

    ok(await server.as("root").delete(`/workers/${id}`), 204);
    expectProblem(await response, "worker-not-found");
    await server.close();
  });
});
