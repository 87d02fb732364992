import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const release = (worker: string, tasks: string[], user = "wes") =>
  api.as(user).post(`/workers/${worker}/release`, { body: { tasks } });
const remove = (worker: string, user = "wes") => api.as(user).delete(`/workers/${worker}`);

describe("creation of a worker", () => {
  test("the creation of a worker returns 201 with its id, its name and its heartbeat interval", async () => {
    const response = await api.as("wes").post("/workers", { body: { name: "host:42" } });

    expect(ok(response, 201)).toEqual({
      ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: "host:42" },
      ...{ last_heartbeat: expect.stringMatching(/\.\d{3}Z$/), heartbeat_seconds: 15 },
    });
  });

  test("the creation of a worker requires neither a body nor a name", async () => {
    expect(ok(await api.as("wes").post("/workers"), 201).name).toBeNull();
    expect(ok(await api.as("wes").post("/workers", { body: {} }), 201).name).toBeNull();
  });

  test("the creation of a worker accepts a name of at most 255 characters", async () => {
    ok(await api.as("wes").post("/workers", { body: { name: "x".repeat(255) } }), 201);
    expect(
      getErrorPointers(await api.as("wes").post("/workers", { body: { name: "x".repeat(256) } })),
    ).toEqual(["/name"]);
  });

  test("the creation of a worker returns a quarter of worker_timeout_seconds as the heartbeat interval", async () => {
    const server = await openApi({ orm: api.orm, settings: { worker_timeout_seconds: 10 } });

    expect((await server.createWorker()).heartbeat_seconds).toBe(2.5);
    await server.close();
  });
});

describe("lists of workers", () => {
  test("the list of a user's workers contains the workers with their counts, newest first and in pages", async () => {
    const room = newRoomId();
    api.grant("cat", room, "read", "write");
    const idle = await api.createWorker("cat");
    const job = await api.registerJob(room, {}, "cat");
    await api.registerJob(room, { worker_id: job.worker_id }, "cat");
    for (const start of [true, false]) {
      await api.submit(room, job.full_name);
      await api.claim(job.worker_id, { start, user: "cat" });
    }
    await api.ageWorker(idle.id);
    const list = async (query = "") => ok(await api.as("cat").get(`/workers${query}`));
    const common = { name: null, last_heartbeat: expect.stringMatching(/\.\d{3}Z$/) };

    expect(await list()).toEqual({
      ...{ total: 2, limit: 50, offset: 0 },
      items: [
        { ...common, id: job.worker_id, job_count: 2, task_count: 2, online: true, draining: false },
        { ...common, id: idle.id, job_count: 0, task_count: 0, online: false, draining: false },
      ],
    });
    expect(await list("?limit=1&offset=1")).toMatchObject({ total: 2, items: [{ id: idle.id }] });
    expectProblem(await api.as("cat").get("/workers?limit=501"), "validation-error");
  });

  test("the list of workers contains all workers for an admin", async () => {
    const { id } = await api.createWorker();
    const listIdsAs = async (user: string) =>
      ok(await api.as(user).get("/workers?limit=500")).items.map((worker) => worker.id);

    expect(await listIdsAs("root")).toContain(id);
    expect(await listIdsAs("ann")).not.toContain(id);
  });

  test("the list of a room's workers contains the workers of the room's jobs and of public jobs", async () => {
    const [room, other] = [newRoomId(), newRoomId()];
    const server = await api.registerJob(room);
    const global = await api.registerJob("@global", {}, "root");
    const foreign = await api.registerJob(other);
    const listIdsIn = async (where: string) =>
      ok(await api.as("rea").get(`/rooms/${where}/workers?limit=500`)).items.map(({ id }) => id);

    expect(await listIdsIn(room)).toEqual(expect.arrayContaining([server.worker_id, global.worker_id]));
    expect(await listIdsIn(room)).not.toContain(foreign.worker_id);
    expect(await listIdsIn("@global")).toContain(global.worker_id);
    expect(await listIdsIn("@global")).not.toContain(server.worker_id);
  });
});

describe("release of tasks", () => {
  test("a release of tasks requeues claimed tasks at their queue position without counting a run", async () => {
    const { id, worker, room, job } = await api.createTask("claimed");
    const later = await api.submit(room, job.full_name);

    expect(ok(await release(worker, [id]))).toEqual({ released: [id] });

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "pending", worker_id: null, runs: 0, attempt: 1, queue_position: 1, errors: [] },
    });
    expect((await api.readTask(later.id)).queue_position).toBe(2);
    expect((await api.claim(worker)).attempt).toBe(2);
  });

  test("a release of tasks ignores running tasks, tasks of other workers and unknown tasks", async () => {
    const [running, others] = [await api.createTask("running"), await api.createTask("claimed")];

    const response = await release(running.worker, [running.id, others.id, "no-uuid"]);

    expect(ok(response)).toEqual({ released: [] });
    expect((await api.readTask(running.id)).status).toBe("running");
    expect((await api.readTask(others.id)).status).toBe("claimed");
  });

  test("a release of tasks is allowed only for the owner of the worker and requires a list", async () => {
    const { worker, id } = await api.createTask("claimed");

    for (const user of ["ann", "root"]) expectProblem(await release(worker, [id], user), "forbidden");
    expect(getErrorPointers(await api.as("wes").post(`/workers/${worker}/release`, { body: {} }))).toEqual([
      "/tasks",
    ]);
  });
});

describe("deregistration of a worker", () => {
  test("the deregistration of a worker fails its running tasks with an error that contains the worker's id", async () => {
    const { worker, id } = await api.createTask("running");

    expect((await remove(worker)).status).toBe(204);

    const error = `worker ${worker} was removed`;
    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error, errors: [{ attempt: 1, error, worker_id: worker }] },
    });
  });

  test("the deregistration of a worker makes its running tasks pending while they have attempts left", async () => {
    const backoff = { kind: "fixed", seconds: 0 };
    const { worker, id, job, room } = await api.createTask("running", { task: { max_attempts: 2, backoff } });

    ok(await remove(worker), 204);

    expect(await api.readTask(id)).toMatchObject({
      status: "pending",
      error: null,
      errors: [{ attempt: 1 }],
    });
    const next = await api.registerJob(room, { name: job.name });
    expect(await api.claim(next.worker_id)).toMatchObject({ id, attempt: 2 });
  });

  test("the deregistration of a worker requeues its claimed tasks", async () => {
    const { worker, id } = await api.createTask("claimed");

    ok(await remove(worker), 204);

    expect(await api.readTask(id)).toMatchObject({ status: "pending", worker_id: null, runs: 0, errors: [] });
  });

  test("the deregistration of a worker removes a job that has no other worker and no open task, and keeps other jobs", async () => {
    const [idle, busy, shared] = [
      await api.createTask("completed"),
      await api.createTask(),
      await api.createTask("failed"),
    ];
    await api.registerJob(shared.room, { name: shared.job.name });
    for (const { worker } of [idle, busy, shared]) ok(await remove(worker), 204);
    const readJob = ({ room, job }: typeof idle) => api.as("ann").get(`/rooms/${room}/jobs/${job.full_name}`);

    expectProblem(await readJob(idle), "job-not-found");
    expect(ok(await readJob(busy))).toMatchObject({ workers: [], pending: 1 });
    expect(ok(await readJob(shared)).workers).toHaveLength(1);
    expect((await api.readTask(idle.id)).job_name).toBe(idle.job.full_name);
  });

  test("the deregistration of a worker is allowed only for its owner and for admins", async () => {
    const { id } = await api.createWorker();

    expectProblem(await remove(id, "ann"), "forbidden");
    ok(await remove(id.toUpperCase(), "root"), 204);
    expectProblem(await remove(id, "root"), "worker-not-found");
  });

  test("the deregistration of a worker makes later requests of the worker return worker-not-found", async () => {
    const { worker, id } = await api.createTask("claimed");
    ok(await remove(worker), 204);

    const body = { worker_id: worker };
    expectProblem(await api.as("wes").patch(`/workers/${worker}`), "worker-not-found");
    expectProblem(await api.as("wes").post("/tasks/claim", { body }), "worker-not-found");
    expectProblem(await release(worker, [id]), "worker-not-found");
    expectProblem(
      await api.as("wes").put(`/rooms/${newRoomId()}/jobs`, {
        body: { category: "m", name: "J", schema: {}, worker_id: worker },
      }),
      "worker-not-found",
    );
  });
});
