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

describe("making a worker", () => {
  test("is 201 with its id, its label and how often to beat", async () => {
    const answer = await api.as("wes").post("/workers", { body: { name: "host:42" } });

    expect(ok(answer, 201)).toEqual({
      ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: "host:42" },
      ...{ last_heartbeat: expect.stringMatching(/\.\d{3}Z$/), heartbeat_seconds: 15 },
    });
  });

  test("needs no body, and no label", async () => {
    expect(ok(await api.as("wes").post("/workers"), 201).name).toBeNull();
    expect(ok(await api.as("wes").post("/workers", { body: {} }), 201).name).toBeNull();
  });

  test("takes a label of 255 characters at most", async () => {
    ok(await api.as("wes").post("/workers", { body: { name: "x".repeat(255) } }), 201);
    expect(
      getErrorPointers(await api.as("wes").post("/workers", { body: { name: "x".repeat(256) } })),
    ).toEqual(["/name"]);
  });

  test("tells of a quarter of the threshold that is set", async () => {
    const own = await openApi({ orm: api.orm, settings: { worker_timeout_threshold: 10 } });

    expect((await own.createWorker()).heartbeat_seconds).toBe(2.5);
    await own.close();
  });
});

describe("lists of workers", () => {
  test("show a user its own, newest first and in pages, with what they have", async () => {
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
    const seen = { name: null, last_heartbeat: expect.stringMatching(/\.\d{3}Z$/) };

    expect(await list()).toEqual({
      ...{ total: 2, limit: 50, offset: 0 },
      items: [
        { ...seen, id: job.worker_id, job_count: 2, task_count: 2, alive: true, draining: false },
        { ...seen, id: idle.id, job_count: 0, task_count: 0, alive: false, draining: false },
      ],
    });
    expect(await list("?limit=1&offset=1")).toMatchObject({ total: 2, items: [{ id: idle.id }] });
    expectProblem(await api.as("cat").get("/workers?limit=501"), "validation-error");
  });

  test("show an admin all of them", async () => {
    const { id } = await api.createWorker();
    const idsFor = async (user: string) =>
      ok(await api.as(user).get("/workers?limit=500")).items.map((worker) => worker.id);

    expect(await idsFor("root")).toContain(id);
    expect(await idsFor("ann")).not.toContain(id);
  });

  test("of a room show the workers of the jobs that are seen from it", async () => {
    const [room, other] = [newRoomId(), newRoomId()];
    const own = await api.registerJob(room);
    const global = await api.registerJob("@global", {}, "root");
    const foreign = await api.registerJob(other);
    const idsIn = async (where: string) =>
      ok(await api.as("rea").get(`/rooms/${where}/workers?limit=500`)).items.map(({ id }) => id);

    expect(await idsIn(room)).toEqual(expect.arrayContaining([own.worker_id, global.worker_id]));
    expect(await idsIn(room)).not.toContain(foreign.worker_id);
    expect(await idsIn("@global")).toContain(global.worker_id);
    expect(await idsIn("@global")).not.toContain(own.worker_id);
  });
});

describe("releasing", () => {
  test("puts back what was claimed and not started, in its old place, at no cost", async () => {
    const { id, worker, room, job } = await api.createTask("claimed");
    const later = await api.submit(room, job.full_name);

    expect(ok(await release(worker, [id]))).toEqual({ released: [id] });

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "pending", worker_id: null, runs: 0, attempt: 1, queue_position: 1, errors: [] },
    });
    expect((await api.readTask(later.id)).queue_position).toBe(2);
    expect((await api.claim(worker)).attempt).toBe(2);
  });

  test("leaves alone what runs, what another holds and what nobody knows", async () => {
    const [running, others] = [await api.createTask("running"), await api.createTask("claimed")];

    const answer = await release(running.worker, [running.id, others.id, "no-uuid"]);

    expect(ok(answer)).toEqual({ released: [] });
    expect((await api.readTask(running.id)).status).toBe("running");
    expect((await api.readTask(others.id)).status).toBe("claimed");
  });

  test("is the owner's alone, and needs a list", async () => {
    const { worker, id } = await api.createTask("claimed");

    for (const user of ["ann", "root"]) expectProblem(await release(worker, [id], user), "forbidden");
    expect(getErrorPointers(await api.as("wes").post(`/workers/${worker}/release`, { body: {} }))).toEqual([
      "/tasks",
    ]);
  });
});

describe("leaving", () => {
  test("fails what runs, and says which worker left", async () => {
    const { worker, id } = await api.createTask("running");

    expect((await remove(worker)).status).toBe(204);

    const error = `worker ${worker} left`;
    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error, errors: [{ attempt: 1, error, worker_id: worker }] },
    });
  });

  test("lets what runs be tried again while attempts are left", async () => {
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

  test("puts back what was claimed and not started", async () => {
    const { worker, id } = await api.createTask("claimed");

    ok(await remove(worker), 204);

    expect(await api.readTask(id)).toMatchObject({ status: "pending", worker_id: null, runs: 0, errors: [] });
  });

  test("takes along a job that is left without workers and open tasks, and no other", async () => {
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

  test("is for its owner and for an admin, and for nobody else", async () => {
    const { id } = await api.createWorker();

    expectProblem(await remove(id, "ann"), "forbidden");
    ok(await remove(id.toUpperCase(), "root"), 204);
    expectProblem(await remove(id, "root"), "worker-not-found");
  });

  test("makes the worker unknown to whatever it asks for next", async () => {
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
