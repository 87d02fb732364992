import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { HeartbeatResponse, Worker, WorkerDetails } from "../../../protocol/index.ts";
import { startTimer } from "../../support/timer.ts";
import { type Api, openApi } from "./api.ts";
import { LONG_WAIT_SECONDS, LONG_WAIT_SETTINGS, NEVER_MS, openLongPoll } from "./long-polls.ts";
import { expectProblem, ok, parseBody, preferWait } from "./responses.ts";

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

const readWorker = async (worker: string, user = "wes", at = api) =>
  parseBody(WorkerDetails, await at.as(user).get(`/workers/${worker}`));
const drain = (worker: string, user = "wes") => api.as(user).post(`/workers/${worker}/drain`);
const sendHeartbeat = async (worker: string, body: object, headers = {}) =>
  parseBody(HeartbeatResponse, await api.as("wes").patch(`/workers/${worker}`, { body, ...headers }));
const ClaimResponse = z.object({ task: z.unknown(), draining: z.boolean().optional() });

describe("details of a worker", () => {
  test("the details of a worker contain its jobs and its tasks, the oldest lease first", async () => {
    const { room, job, worker, task } = await api.createTask("running");
    const second = await api.submit(room, job.full_name);
    await api.claim(worker);

    expect(await readWorker(worker)).toMatchObject({
      ...{ id: worker, online: true, draining: false, job_count: 1, task_count: 2 },
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

  test("the details of a worker are limited to the rooms that the caller can read", async () => {
    const { room, job, worker, id } = await api.createTask("running");
    const other = await api.registerJob(`${room}-other`, { worker_id: worker });
    await api.submit(`${room}-other`, other.full_name);
    await api.claim(worker);
    api.grant("guest", room, "read");

    expect(await readWorker(worker, "guest")).toMatchObject({
      task_count: 2,
      jobs: [{ room_id: room, job_name: job.full_name }],
      tasks: [{ id }],
    });
    expect((await readWorker(worker, "root")).jobs).toHaveLength(2);
    expectProblem(await api.as("outsider").get(`/workers/${worker}`), "forbidden");
    expectProblem(await api.as("wes").get("/workers/nothing"), "worker-not-found");
  });
});

describe("draining workers", () => {
  test("a draining worker gets no more tasks, keeps its leases and is listed with its jobs", async () => {
    const { room, job, worker, id } = await api.createTask("running");
    const later = await api.submit(room, job.full_name);

    expect(parseBody(WorkerDetails, await drain(worker))).toMatchObject({ draining: true, tasks: [{ id }] });

    const claim = await api.as("wes").post("/tasks/claim", { body: { worker_id: worker } });
    expect(parseBody(ClaimResponse, claim)).toEqual({ task: null, draining: true });
    ok(await api.update(id, { status: "completed", worker_id: worker, attempt: 1, result: 1 }));
    expect((await api.readTask(later.id)).status).toBe("pending");
    expect(await readWorker(worker)).toMatchObject({
      draining: true,
      job_count: 1,
      jobs: [{ room_id: room, job_name: job.full_name }],
      tasks: [],
    });
    expect(ok(await api.as("rea").get(`/rooms/${room}/jobs/${job.full_name}`)).workers).toEqual([]);
  });

  test("a draining worker is marked as draining in lists", async () => {
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

  test("a draining worker gets `draining` in the responses to its waiting claim and heartbeat, and a heartbeat that sends `draining: true` waits again", async () => {
    const { worker, id } = await api.createTask("running");
    const wait = preferWait(LONG_WAIT_SECONDS);
    const claim = await openLongPoll(() =>
      api.as("wes").post("/tasks/claim", { body: { worker_id: worker }, ...wait }),
    );
    const heartbeat = await openLongPoll(() => sendHeartbeat(worker, { tasks: [id] }, wait));

    ok(await drain(worker));

    expect(parseBody(ClaimResponse, await claim.response)).toEqual({ task: null, draining: true });
    expect(await heartbeat.response).toMatchObject({ stop: [], draining: true });
    const second = startTimer(1);
    expect(await sendHeartbeat(worker, { tasks: [id], draining: true }, preferWait(1))).toMatchObject({
      draining: true,
    });
    expect(second.isOver).toBe(true);
  });

  test("a draining worker is notified of a drain that another server received", async () => {
    const { worker } = await api.createTask();
    const second = await openApi({ orm: api.orm });
    ok(await second.as("root").post(`/workers/${worker}/drain`));

    const claims = await api.as("wes").post(`/workers/${worker}/claims`, { body: { limit: 5 } });
    expect(ok(claims)).toEqual({ tasks: [], draining: true });
    expect(await sendHeartbeat(worker, {})).toMatchObject({ draining: true });
    await second.close();
  });

  test("a draining worker gets no tasks of jobs that it registers later, and its jobs are removed when it deregisters", async () => {
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

  test("a draining worker leaves the pending tasks of its jobs to other workers", async () => {
    const { room, job, worker } = await api.createTask();
    const { category, name, schema } = job;
    const other = await api.registerJob(room, { category, name, schema });
    ok(await drain(worker));

    expect((await api.claim(other.worker_id)).worker_id).toBe(other.worker_id);
  });

  test("a worker can be drained only by its owner or by an admin", async () => {
    const { worker } = await api.createTask();

    expectProblem(await drain(worker, "ann"), "forbidden");
    ok(await drain(worker, "root"));
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);
    expectProblem(await drain(worker), "worker-not-found");
  });

  test("a draining worker that stops sending heartbeats is swept, and its claimed task is requeued", async () => {
    const { worker, id } = await api.createTask("claimed");
    ok(await drain(worker));
    await api.ageWorker(worker);
    await api.sweep();

    expect((await api.readTask(id)).status).toBe("pending");
    expectProblem(await api.as("wes").get(`/workers/${worker}`), "worker-not-found");
  });
});
