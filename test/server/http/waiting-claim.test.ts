import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok, preferWait, timed } from "./responses.ts";
import { waitForWaitingClaim } from "./waiting-claims.ts";

/** Well under the few seconds after which a waiting claim reads again in any case. */
const SOON_MS = 3500;

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const aJob = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  return { room, job, worker: job.worker_id, name: job.full_name };
};
const waitingClaim = (worker_id: string, seconds = 30, more: object = {}) =>
  api.as("wes").post("/tasks/claim", { body: { worker_id, ...more }, ...preferWait(seconds) });

/** Starts a claim that waits, and resolves once it does. */
const park = async (worker: string, seconds = 30, more: object = {}) => {
  const held = timed(waitingClaim(worker, seconds, more));
  await waitForWaitingClaim(worker);
  return { held };
};

describe("a claim that waits", () => {
  test("is answered at once where there is a task", async () => {
    const { room, worker, name } = await aJob();
    const { id } = await api.submit(room, name);

    const { value, ms } = await timed(waitingClaim(worker));

    expect(ok(value).task.id).toBe(id);
    expect(value.headers["preference-applied"]).toBe("wait=30");
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("is answered null after N seconds, not before", async () => {
    const { worker } = await aJob();

    const { value, ms } = await timed(waitingClaim(worker, 1));

    expect(ok(value)).toEqual({ task: null });
    expect(ms).toBeGreaterThanOrEqual(995);
  });

  test("is woken by a submit", async () => {
    const { room, worker, name } = await aJob();
    const { held } = await park(worker, 30, { start: true });

    const { id } = await api.submit(room, name);

    const { value, ms } = await held;
    expect(ok(value).task).toMatchObject({ id, status: "running", worker_id: worker });
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("is woken by a delayed task that falls due, and not before", async () => {
    const { room, worker, name } = await aJob();
    const { held } = await park(worker);

    const { id, run_at } = await api.submit(room, name, { delay_seconds: 1 });

    const { value, ms } = await held;
    expect(ok(value).task.id).toBe(id);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(run_at));
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("is woken by a delayed task that was there before it", async () => {
    const { room, worker, name } = await aJob();
    const { id } = await api.submit(room, name, { delay_seconds: 1 });

    const { value, ms } = await timed(waitingClaim(worker));

    expect(ok(value).task.id).toBe(id);
    expect(ms).toBeLessThan(SOON_MS);
  });

  test.each(["released", "retried"])("is woken by a task that was %s", async (how) => {
    const { id, job, room, worker } = await api.createTask(how === "released" ? "claimed" : "cancelled");
    const other = await api.registerJob(room, { name: job.name });
    const { held } = await park(other.worker_id);

    if (how === "retried") ok(await api.as("ann").post(`/tasks/${id}/retry`));
    else ok(await api.as("wes").post(`/workers/${worker}/release`, { body: { tasks: [id] } }));

    const { value, ms } = await held;
    expect(ok(value).task.id).toBe(id);
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("is woken for a job that its worker registers for meanwhile", async () => {
    const { room, name, job } = await aJob();
    const { id: worker } = await api.createWorker();
    const { held } = await park(worker);
    await api.registerJob(room, { name: job.name, worker_id: worker });

    const { id } = await api.submit(room, name);

    const { value, ms } = await held;
    expect(ok(value).task.id).toBe(id);
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("of many gets as many as asked for, and does not wait to have them all", async () => {
    const { room, worker, name } = await aJob();
    const held = timed(
      api.as("wes").post(`/workers/${worker}/claims`, { body: { limit: 10 }, ...preferWait(30) }),
    );
    const { id } = await api.submit(room, name);

    const { value, ms } = await held;
    expect(ok(value).tasks).toMatchObject([{ id }]);
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("ends when its worker is removed: 404", async () => {
    const { worker } = await aJob();
    const { held } = await park(worker);

    ok(await api.as("wes").delete(`/workers/${worker}`), 204);

    const { value, ms } = await held;
    expectProblem(value, "worker-not-found");
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("is a sign of life for as long as it is held", async () => {
    const own = await openApi({ orm: api.orm, settings: { worker_timeout_threshold: 0.4 } });
    const { id } = await own.createWorker();
    const held = own.as("wes").post("/tasks/claim", { body: { worker_id: id }, ...preferWait(20) });
    const isAlive = async () =>
      ok(await own.as("wes").get("/workers?limit=500")).items.find((one) => one.id === id)?.alive;

    for (let times = 0; times < 3; times += 1) {
      await own.ageWorker(id);
      expect(await eventually(isAlive)).toBe(true);
    }

    ok(await own.as("wes").delete(`/workers/${id}`), 204);
    expectProblem(await held, "worker-not-found");
    await own.close();
  });
});

test("of many waiting claims, many tasks at once answer as many", async () => {
  const { room, job, name } = await aJob();
  const workers = [job.worker_id];
  while (workers.length < 6) workers.push((await api.registerJob(room, { name: job.name })).worker_id);
  const held = await Promise.all(workers.map((worker) => park(worker)));

  const tasks = Array.from({ length: 6 }, () => ({ job_name: name }));
  const submitted = ok(await api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks } }), 202).tasks;

  const answers = await Promise.all(held.map((one) => one.held));
  expect(answers.map(({ value }) => ok(value).task.id).toSorted()).toEqual(
    submitted.map(({ id }) => id).toSorted(),
  );
  for (const { ms } of answers) expect(ms).toBeLessThan(SOON_MS);
});
