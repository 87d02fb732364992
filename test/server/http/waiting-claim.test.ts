import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTimer } from "../../support/timer.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import {
  LONG_WAIT_SECONDS,
  LONG_WAIT_SETTINGS,
  NEVER_MS,
  waitForWaitingClaim,
  watchSearches,
} from "./long-polls.ts";
import { expectProblem, ok, preferWait } from "./responses.ts";

// Turns polling off, so that only an event can end a long poll early.
vi.mock("../../../server/state/long-poll.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  getPollInterval: () => NEVER_MS,
}));

const waitForSearch = watchSearches();

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: LONG_WAIT_SETTINGS });
});
afterAll(() => api.close());

const createJob = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  return { room, job, worker: job.worker_id, name: job.full_name };
};
const sendClaim = (worker_id: string, seconds = LONG_WAIT_SECONDS, more: object = {}) =>
  api.as("wes").post("/tasks/claim", { body: { worker_id, ...more }, ...preferWait(seconds) });

/** Starts a waiting claim and resolves once the claim waits. */
const startWaitingClaim = async (worker: string, more: object = {}) => {
  const response = sendClaim(worker, LONG_WAIT_SECONDS, more);
  await waitForWaitingClaim(worker);
  return { response };
};

describe("waiting claim", () => {
  test("a waiting claim returns immediately if a task is due", async () => {
    const { room, worker, name } = await createJob();
    const { id } = await api.submit(room, name);

    const response = await sendClaim(worker);

    expect(ok(response).task.id).toBe(id);
    expect(response.headers["preference-applied"]).toBe(`wait=${LONG_WAIT_SECONDS}`);
  });

  test("a waiting claim returns null at the end of the wait if no task is due", async () => {
    const { worker } = await createJob();

    const second = startTimer(1);

    const response = await sendClaim(worker, 1);

    expect(ok(response)).toEqual({ task: null });
    expect(second.isOver).toBe(true);
  });

  test("a waiting claim is woken by a submission", async () => {
    const { room, worker, name } = await createJob();
    const { response } = await startWaitingClaim(worker, { start: true });

    const { id } = await api.submit(room, name);

    expect(ok(await response).task).toMatchObject({ id, status: "running", worker_id: worker });
  });

  test("a waiting claim is woken by a delayed task when it is due", async () => {
    const { room, worker, name } = await createJob();
    const { response } = await startWaitingClaim(worker);
    await waitForSearch();

    const { id, run_at } = await api.submit(room, name, { delay_seconds: 1 });

    expect(ok(await response).task.id).toBe(id);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(run_at));
  });

  test("a waiting claim is woken by a delayed task that was submitted before the claim", async () => {
    const { room, worker, name } = await createJob();
    const { id } = await api.submit(room, name, { delay_seconds: 1 });

    const response = await sendClaim(worker);

    expect(ok(response).task.id).toBe(id);
  });

  test.each(["released", "retried"])("a waiting claim is woken by a task that was %s", async (how) => {
    const { id, job, room, worker } = await api.createTask(how === "released" ? "claimed" : "cancelled");
    const other = await api.registerJob(room, { name: job.name });
    const { response } = await startWaitingClaim(other.worker_id);
    await waitForSearch();

    if (how === "retried") ok(await api.as("ann").post(`/tasks/${id}/retry`));
    else ok(await api.as("wes").post(`/workers/${worker}/release`, { body: { tasks: [id] } }));

    expect(ok(await response).task.id).toBe(id);
  });

  test("a waiting claim is woken by a task of a job that its worker registers while it waits", async () => {
    const { room, name, job } = await createJob();
    const { id: worker } = await api.createWorker();
    const { response } = await startWaitingClaim(worker);
    await api.registerJob(room, { name: job.name, worker_id: worker });

    const { id } = await api.submit(room, name);

    expect(ok(await response).task.id).toBe(id);
  });

  test("a waiting claim returns as soon as one task is due, even if the claim requested several tasks", async () => {
    const { room, worker, name } = await createJob();
    const response = api.as("wes").post(`/workers/${worker}/claims`, {
      body: { limit: 10 },
      ...preferWait(LONG_WAIT_SECONDS),
    });
    await waitForWaitingClaim(worker);
    const { id } = await api.submit(room, name);

    expect(ok(await response).tasks).toMatchObject([{ id }]);
  });

  test("a waiting claim ends with worker-not-found when its worker is removed", async () => {
    const { worker } = await createJob();
    const { response } = await startWaitingClaim(worker);

    ok(await api.as("wes").delete(`/workers/${worker}`), 204);

    expectProblem(await response, "worker-not-found");
  });

  test("a waiting claim keeps its worker alive while it waits", async () => {
    const server = await openApi({ orm: api.orm, settings: { worker_timeout_seconds: 0.4 } });
    const { id } = await server.createWorker();
    const response = server.as("wes").post("/tasks/claim", { body: { worker_id: id }, ...preferWait(20) });
    const isAlive = async () =>
      ok(await server.as("wes").get("/workers?limit=500")).items.find((one) => one.id === id)?.online;

    for (let times = 0; times < 3; times += 1) {
      await server.ageWorker(id);
      expect(await eventually(isAlive)).toBe(true);
    }

    ok(await server.as("wes").delete(`/workers/${id}`), 204);
    expectProblem(await response, "worker-not-found");
    await server.close();
  });
});

test("a submission of several tasks wakes one waiting claim for each task", async () => {
  const { room, job, name } = await createJob();
  const workers = [job.worker_id];
  while (workers.length < 6) workers.push((await api.registerJob(room, { name: job.name })).worker_id);
  const claims = await Promise.all(workers.map((worker) => startWaitingClaim(worker)));

  const tasks = Array.from({ length: 6 }, () => ({ job_name: name }));
  const submitted = ok(await api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks } }), 202).tasks;

  const responses = await Promise.all(claims.map(({ response }) => response));
  expect(responses.map((response) => ok(response).task.id).toSorted()).toEqual(
    submitted.map(({ id }) => id).toSorted(),
  );
});
