import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { HeartbeatResponse, Worker, WorkerDetails } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok, parseBody, preferWait, timed } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const details = async (worker: string, user = "wes", at = api) =>
  parseBody(WorkerDetails, await at.as(user).get(`/workers/${worker}`));
const drain = (worker: string, user = "wes") => api.as(user).post(`/workers/${worker}/drain`);
const beat = async (worker: string, body: object, headers = {}) =>
  parseBody(HeartbeatResponse, await api.as("wes").patch(`/workers/${worker}`, { body, ...headers }));
const Claimed = z.object({ task: z.unknown(), draining: z.boolean().optional() });

describe("a worker", () => {
  test("is shown with its jobs and with what it holds, the longest first", async () => {
    const { room, job, worker, task } = await api.createTask("running");
    const second = await api.submit(room, job.full_name);
    await api.claim(worker);

    expect(await details(worker)).toMatchObject({
      ...{ id: worker, alive: true, draining: false, job_count: 1, task_count: 2 },
      jobs: [{ room_id: room, job_name: job.full_name }],
      tasks: [
        {
          id: task.id,
          job_name: job.full_name,
          room_id: room,
          status: "running",
          started_at: task.started_at,
        },
        { id: second.id, status: "claimed", started_at: null },
      ],
    });
  });

  test("is shown to who may read the room of one of its jobs, with no more than that room's", async () => {
    const { room, job, worker, id } = await api.createTask("running");
    const other = await api.registerJob(`${room}-other`, { worker_id: worker });
    await api.submit(`${room}-other`, other.full_name);
    await api.claim(worker);
    api.grant("guest", room, "read");

    expect(await details(worker, "guest")).toMatchObject({
      task_count: 2,
      jobs: [{ room_id: room, job_name: job.full_name }],
      tasks: [{ id }],
    });
    expect((await details(worker, "root")).jobs).toHaveLength(2);
    expectProblem(await api.as("stranger").get(`/workers/${worker}`), "forbidden");
    expectProblem(await api.as("wes").get("/workers/nothing"), "worker-not-found");
  });
});

describe("a worker that is drained", () => {
  test("is given no task any more, keeps what it holds, and shows what it could do", async () => {
    const { room, job, worker, id } = await api.createTask("running");
    const later = await api.submit(room, job.full_name);

    expect(parseBody(WorkerDetails, await drain(worker))).toMatchObject({ draining: true, tasks: [{ id }] });

    const claim = await api.as("wes").post("/tasks/claim", { body: { worker_id: worker } });
    expect(parseBody(Claimed, claim)).toEqual({ task: null, draining: true });
    ok(await api.update(id, { status: "completed", worker_id: worker, attempt: 1, result: 1 }));
    expect((await api.readTask(later.id)).status).toBe("pending");
    expect(await details(worker)).toMatchObject({
      draining: true,
      job_count: 1,
      jobs: [{ room_id: room, job_name: job.full_name }],
      tasks: [],
    });
    expect(ok(await api.as("rea").get(`/rooms/${room}/jobs/${job.full_name}`)).workers).toEqual([]);
  });

  test("is in the lists, draining", async () => {
    const { room, worker } = await api.createTask("running");
    const other = await api.createTask();
    ok(await drain(worker));
    const list = async (path: string) =>
      parseBody(z.object({ items: z.array(Worker) }), await api.as("root").get(path)).items;

    expect(await list(`/rooms/${room}/workers`)).toMatchObject([
      { id: worker, draining: true, job_count: 1 },
    ]);
    expect((await list("/workers?limit=500")).find(({ id }) => id === other.worker)).toMatchObject({
      draining: false,
    });
  });

  test("hears of it at once, by a claim and by a heartbeat that wait; told once, the heartbeat waits again", async () => {
    const { worker, id } = await api.createTask("running");
    const claiming = timed(
      api.as("wes").post("/tasks/claim", { body: { worker_id: worker }, ...preferWait(20) }),
    );
    const beating = timed(beat(worker, { tasks: [id] }, preferWait(20)));

    ok(await drain(worker));

    expect(parseBody(Claimed, (await claiming).value)).toEqual({ task: null, draining: true });
    expect((await beating).value).toMatchObject({ stop: [], draining: true });
    expect(Math.max((await claiming).ms, (await beating).ms)).toBeLessThan(10_000);
    const again = await timed(beat(worker, { tasks: [id], draining: true }, preferWait(1)));
    expect(again.value).toMatchObject({ draining: true });
    expect(again.ms).toBeGreaterThan(900);
  });

  test("hears of it from another server too", async () => {
    const { worker } = await api.createTask();
    const second = await openApi({ orm: api.orm });
    ok(await second.as("root").post(`/workers/${worker}/drain`));

    const claims = await api.as("wes").post(`/workers/${worker}/claims`, { body: { limit: 5 } });
    expect(ok(claims)).toEqual({ tasks: [], draining: true });
    expect(await beat(worker, {})).toMatchObject({ draining: true });
    await second.close();
  });

  test("takes no further job, and its jobs go with it when it leaves", async () => {
    const { room, job, worker, id } = await api.createTask("running");
    ok(await drain(worker));
    ok(await drain(worker));
    const body = { category: job.category, name: job.name, schema: job.schema, worker_id: worker };
    ok(await api.as("wes").put(`/rooms/${room}/jobs`, { body }));
    const { id: later } = await api.submit(room, job.full_name);
    expect(ok(await api.as("wes").post("/tasks/claim", { body: { worker_id: worker } })).task).toBeNull();

    ok(await api.update(id, { status: "completed", worker_id: worker, attempt: 1, result: 1 }));
    ok(await api.update(later, { status: "cancelled" }, "ann"));
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);
    expectProblem(await api.as("rea").get(`/rooms/${room}/jobs/${job.full_name}`), "job-not-found");
  });

  test("leaves the task to the others that can take it", async () => {
    const { room, job, worker } = await api.createTask();
    const { category, name, schema } = job;
    const other = await api.registerJob(room, { category, name, schema });
    ok(await drain(worker));

    expect((await api.claim(other.worker_id)).worker_id).toBe(other.worker_id);
  });

  test("is its owner's and an admin's to drain", async () => {
    const { worker } = await api.createTask();

    expectProblem(await drain(worker, "ann"), "forbidden");
    ok(await drain(worker, "root"));
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);
    expectProblem(await drain(worker), "worker-not-found");
  });

  test("that falls silent is swept like any other, and what it held is offered again", async () => {
    const { worker, id } = await api.createTask("claimed");
    ok(await drain(worker));
    await api.ageWorker(worker);
    await api.sweep();

    expect((await api.readTask(id)).status).toBe("pending");
    expectProblem(await api.as("wes").get(`/workers/${worker}`), "worker-not-found");
  });
});
