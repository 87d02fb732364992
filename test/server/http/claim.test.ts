import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const claim = (worker_id: string, more: object = {}, user = "wes") =>
  api.as(user).post("/tasks/claim", { body: { worker_id, ...more } });
const claimMany = (worker: string, limit: number, more: object = {}) =>
  api.as("wes").post(`/workers/${worker}/claims`, { body: { limit, ...more } });

/**
 * Creates a job with a worker, and one task for each element of `options`. Returns the ids of the
 * tasks as `ids`.
 */
const createQueue = async (...options: object[]) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const ids: string[] = [];
  for (const one of options) ids.push((await api.submit(room, job.full_name, one)).id);
  return { room, job, ids, worker: job.worker_id };
};

describe("claim", () => {
  test("a claim returns null if no task is due", async () => {
    const { worker } = await createQueue();

    expect(ok(await claim(worker))).toEqual({ task: null });
    expect(ok(await claimMany(worker, 5))).toEqual({ tasks: [] });
  });

  test("a claim returns a task with the status claimed and the next attempt number, and does not count a run", async () => {
    const { worker, ids } = await createQueue({ payload: { a: 1 } });

    expect(ok(await claim(worker)).task).toMatchObject({
      ...{ id: ids[0], status: "claimed", worker_id: worker, attempt: 1, runs: 0, started_at: null },
      ...{ payload: { a: 1 }, queue_position: null },
    });
    expect(ok(await claim(worker)).task).toBeNull();
  });

  test("a claim with `start` returns a running task and counts a run", async () => {
    const { worker } = await createQueue({});

    expect(ok(await claim(worker, { start: true })).task).toMatchObject({
      ...{ status: "running", attempt: 1, runs: 1, started_at: expect.stringMatching(/Z$/) },
    });
  });

  test("a claim returns tasks by priority, then in the order of their submission", async () => {
    const { worker, ids } = await createQueue({}, { priority: 5 }, { priority: -1 }, { priority: 5 }, {});
    const order: string[] = [];
    for (const _ of ids) order.push(ok(await claim(worker)).task.id);

    expect(order).toEqual([1, 3, 0, 4, 2].map((index) => ids[index]));
  });

  test("a claim returns tasks of all jobs of the worker and of no other job", async () => {
    const room = newRoomId();
    const first = await api.registerJob(room, {}, "root");
    const second = await api.registerJob("@global", { worker_id: first.worker_id }, "root");
    const own = await api.submit(room, first.full_name);
    const urgent = await api.submit(newRoomId(), second.full_name, { priority: 1 });
    const otherQueue = await createQueue({ priority: 100 });
    const next = async () => ok(await claim(first.worker_id, {}, "root")).task;

    expect([(await next()).id, (await next()).id]).toEqual([urgent.id, own.id]);
    expect(await next()).toBeNull();
    expect((await api.readTask(otherQueue.ids[0] ?? "")).status).toBe("pending");
  });

  test("a claim does not return a task before it is due", async () => {
    const { worker, ids } = await createQueue({ delay_seconds: 3600 });
    expect(ok(await claim(worker)).task).toBeNull();

    await api.ageTask(ids[0] ?? "", 3601);

    expect(ok(await claim(worker)).task).toMatchObject({ id: ids[0] });
  });

  test("a claim returns a released task at its previous queue position, and a retried task last", async () => {
    const { worker, ids } = await createQueue({}, {}, {});
    const [first, second, third] = ids;
    ok(await claim(worker));
    ok(await api.as("wes").post(`/workers/${worker}/release`, { body: { tasks: [first] } }));
    ok(await api.update(second ?? "", { status: "cancelled" }, "ann"));
    ok(await api.as("ann").post(`/tasks/${second}/retry`));

    const { tasks } = ok(await claimMany(worker, 3));

    expect(tasks.map(({ id, attempt }) => [id, attempt])).toEqual([
      [first, 2],
      [third, 1],
      [second, 1],
    ]);
  });

  test("a claim never returns the same task to two workers", async () => {
    const { room, job, ids } = await createQueue(...Array.from({ length: 20 }, () => ({})));
    const workers = [job.worker_id];
    while (workers.length < 5) workers.push((await api.registerJob(room, { name: job.name })).worker_id);

    const responses = await Promise.all(Array.from({ length: 30 }, (_, at) => claim(workers[at % 5] ?? "")));

    const claimed = responses.flatMap(({ body }) => (body.task === null ? [] : [body.task.id]));
    expect(claimed.toSorted()).toEqual(ids.toSorted());
  });

  test("a claim counts as a heartbeat", async () => {
    const { worker, job, room } = await createQueue();
    await api.ageWorker(worker);

    ok(await claim(worker));

    expect(ok(await api.as("wes").get(`/rooms/${room}/jobs/${job.full_name}`)).workers).toEqual([worker]);
  });

  test("a claim is allowed only for the owner of the worker", async () => {
    const { worker } = await createQueue({});

    for (const user of ["ann", "root"]) expectProblem(await claim(worker, {}, user), "forbidden");
    const body = { limit: 1 };
    expectProblem(await api.as("root").post(`/workers/${worker}/claims`, { body }), "forbidden");
  });

  test("a claim is rejected with pointers if it is invalid", async () => {
    const { worker } = await createQueue({});

    expect(getErrorPointers(await api.as("wes").post("/tasks/claim", { body: {} }))).toEqual(["/worker_id"]);
    expect(getErrorPointers(await claim(worker, { start: 1 }))).toEqual(["/start"]);
    expect((await claim(worker)).body.task).toMatchObject({ attempt: 1 });
  });
});

describe("claim of several tasks", () => {
  test("a claim of several tasks returns up to `limit` tasks in queue order", async () => {
    const { worker, ids } = await createQueue({}, { priority: 9 }, {}, {});

    const { tasks } = ok(await claimMany(worker, 3, { start: true }));

    expect(tasks.map(({ id }) => id)).toEqual([ids[1], ids[0], ids[2]]);
    expect(tasks).toMatchObject(Array(3).fill({ status: "running", worker_id: worker, attempt: 1, runs: 1 }));
    expect(ok(await claimMany(worker, 100)).tasks).toMatchObject([{ id: ids[3], status: "claimed" }]);
  });

  test.each([
    0,
    101,
    1.5,
    "2",
  ])("a claim of several tasks rejects the limit %j, which is not an integer from 1 to 100", async (limit) => {
    const { worker } = await createQueue();

    expect(
      getErrorPointers(await api.as("wes").post(`/workers/${worker}/claims`, { body: { limit } })),
    ).toEqual(["/limit"]);
  });
});

test("a worker of a public job can claim tasks from rooms that its owner cannot read", async () => {
  const job = await api.registerJob("@global", {}, "root");
  const { id, room_id } = await api.submit(newRoomId(), job.full_name);
  expect(room_id).not.toBe("@global");

  const task = await api.claim(job.worker_id, { user: "root" });

  expect(task).toMatchObject({ id, room_id, job_name: job.full_name });
});
