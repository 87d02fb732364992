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

/** A job with a worker, and tasks of it with these options; gives their ids. */
const aQueue = async (...options: object[]) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const ids: string[] = [];
  for (const one of options) ids.push((await api.submit(room, job.full_name, one)).id);
  return { room, job, ids, worker: job.worker_id };
};

describe("a claim", () => {
  test("is answered null where there is nothing", async () => {
    const { worker } = await aQueue();

    expect(ok(await claim(worker))).toEqual({ task: null });
    expect(ok(await claimMany(worker, 5))).toEqual({ tasks: [] });
  });

  test("gives the worker a task to hold: claimed, one attempt more, not yet run", async () => {
    const { worker, ids } = await aQueue({ payload: { a: 1 } });

    expect(ok(await claim(worker)).task).toMatchObject({
      ...{ id: ids[0], status: "claimed", worker_id: worker, attempt: 1, runs: 0, started_at: null },
      ...{ payload: { a: 1 }, queue_position: null },
    });
    expect(ok(await claim(worker)).task).toBeNull();
  });

  test("with start comes back running, which counts as a run", async () => {
    const { worker } = await aQueue({});

    expect(ok(await claim(worker, { start: true })).task).toMatchObject({
      ...{ status: "running", attempt: 1, runs: 1, started_at: expect.stringMatching(/Z$/) },
    });
  });

  test("takes the highest priority first, then in the order in which they were submitted", async () => {
    const { worker, ids } = await aQueue({}, { priority: 5 }, { priority: -1 }, { priority: 5 }, {});
    const order: string[] = [];
    for (const _ of ids) order.push(ok(await claim(worker)).task.id);

    expect(order).toEqual([1, 3, 0, 4, 2].map((index) => ids[index]));
  });

  test("takes from all the jobs of the worker, and from no other", async () => {
    const room = newRoomId();
    const first = await api.registerJob(room, {}, "root");
    const second = await api.registerJob("@global", { worker_id: first.worker_id }, "root");
    const own = await api.submit(room, first.full_name);
    const urgent = await api.submit(newRoomId(), second.full_name, { priority: 1 });
    const strangers = await aQueue({ priority: 100 });
    const next = async () => ok(await claim(first.worker_id, {}, "root")).task;

    expect([(await next()).id, (await next()).id]).toEqual([urgent.id, own.id]);
    expect(await next()).toBeNull();
    expect((await api.readTask(strangers.ids[0] ?? "")).status).toBe("pending");
  });

  test("does not take what is not due yet", async () => {
    const { worker, ids } = await aQueue({ delay_seconds: 3600 });
    expect(ok(await claim(worker)).task).toBeNull();

    await api.ageTask(ids[0] ?? "", 3601);

    expect(ok(await claim(worker)).task).toMatchObject({ id: ids[0] });
  });

  test("leaves a task that came back in its place, and puts a retried one at the end", async () => {
    const { worker, ids } = await aQueue({}, {}, {});
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

  test("never gives one task to two workers", async () => {
    const { room, job, ids } = await aQueue(...Array.from({ length: 20 }, () => ({})));
    const workers = [job.worker_id];
    while (workers.length < 5) workers.push((await api.registerJob(room, { name: job.name })).worker_id);

    const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => claim(workers[at % 5] ?? "")));

    const taken = answers.flatMap(({ body }) => (body.task === null ? [] : [body.task.id]));
    expect(taken.toSorted()).toEqual(ids.toSorted());
  });

  test("is a sign of life", async () => {
    const { worker, job, room } = await aQueue();
    await api.ageWorker(worker);

    ok(await claim(worker));

    expect(ok(await api.as("wes").get(`/rooms/${room}/jobs/${job.full_name}`)).workers).toEqual([worker]);
  });

  test("is its worker's owner's alone", async () => {
    const { worker } = await aQueue({});

    for (const user of ["ann", "root"]) expectProblem(await claim(worker, {}, user), "forbidden");
    const body = { limit: 1 };
    expectProblem(await api.as("root").post(`/workers/${worker}/claims`, { body }), "forbidden");
  });

  test("that is malformed is 422", async () => {
    const { worker } = await aQueue({});

    expect(getErrorPointers(await api.as("wes").post("/tasks/claim", { body: {} }))).toEqual(["/worker_id"]);
    expect(getErrorPointers(await claim(worker, { start: 1 }))).toEqual(["/start"]);
    expect((await claim(worker)).body.task).toMatchObject({ attempt: 1 });
  });
});

describe("many at once", () => {
  test("come in the order of single claims, as many as asked for", async () => {
    const { worker, ids } = await aQueue({}, { priority: 9 }, {}, {});

    const { tasks } = ok(await claimMany(worker, 3, { start: true }));

    expect(tasks.map(({ id }) => id)).toEqual([ids[1], ids[0], ids[2]]);
    expect(tasks).toMatchObject(Array(3).fill({ status: "running", worker_id: worker, attempt: 1, runs: 1 }));
    expect(ok(await claimMany(worker, 100)).tasks).toMatchObject([{ id: ids[3], status: "claimed" }]);
  });

  test.each([0, 101, 1.5, "2"])("are 1 to 100, not %j", async (limit) => {
    const { worker } = await aQueue();

    expect(
      getErrorPointers(await api.as("wes").post(`/workers/${worker}/claims`, { body: { limit } })),
    ).toEqual(["/limit"]);
  });
});

test("a worker is trusted with the tasks of its global job in every room, readable to it or not", async () => {
  const job = await api.registerJob("@global", {}, "root");
  const { id, room_id } = await api.submit(newRoomId(), job.full_name);
  expect(room_id).not.toBe("@global");

  const task = await api.claim(job.worker_id, { user: "root" });

  expect(task).toMatchObject({ id, room_id, job_name: job.full_name });
});
