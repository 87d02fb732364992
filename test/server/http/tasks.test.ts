import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const read = (id: string, headers: Record<string, string> = {}) =>
  api.as("ann").get(`/tasks/${id}`, { headers });

describe("task queries", () => {
  test("a task is returned with all its members", async () => {
    const { id, room, job } = await api.createTask("pending", {
      task: { payload: { b: 1, a: [null, "ü", 1.5] } },
    });

    expect(ok(await read(id))).toEqual({
      ...{
        id,
        job_name: job.full_name,
        room_id: room,
        status: "pending",
        payload: { b: 1, a: [null, "ü", 1.5] },
      },
      ...{ priority: 0, attempt: 0, runs: 0, max_attempts: 1, timeout_seconds: null, created_by_id: "ann" },
      backoff: { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 },
      ...{ run_at: expect.stringMatching(/\.\d{3}Z$/), created_at: expect.stringMatching(/\.\d{3}Z$/) },
      ...{ started_at: null, completed_at: null, worker_id: null, error: null, errors: [], result: null },
      ...{ progress: null, queue_position: 1 },
    });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
  });

  test.each([
    "no-uuid",
    "01999999-0000-7000-8000-000000000000",
    "1",
    "'; drop table joblib.task; --",
    "%00",
  ])("every operation returns task-not-found for the task id %j", async (id) => {
    const path = `/tasks/${id === "%00" ? id : encodeURIComponent(id)}`;

    expectProblem(await api.as("ann").get(path), "task-not-found");
    expectProblem(await api.as("ann").patch(path, { body: { status: "cancelled" } }), "task-not-found");
    expectProblem(await api.as("ann").post(`${path}/retry`), "task-not-found");
  });

  test("a task can be requested with an id in upper case", async () => {
    const { id } = await api.createTask();

    expect(ok(await read(id.toUpperCase())).id).toBe(id);
  });
});

test("the queue position of a task counts the due tasks of the job, by priority and then by submission", async () => {
  const { id, room, job, worker } = await api.createTask();
  const second = await api.submit(room, job.full_name);
  const urgent = await api.submit(room, job.full_name, { priority: 5 });
  const later = await api.submit(room, job.full_name, { delay_seconds: 60, priority: 9 });
  const getQueuePosition = async (one: string) => ok(await read(one)).queue_position;

  expect(await Promise.all([urgent.id, id, second.id, later.id].map(getQueuePosition))).toEqual([
    1,
    2,
    3,
    null,
  ]);
  expect((await api.claim(worker)).id).toBe(urgent.id);
  expect(await Promise.all([urgent.id, id, second.id].map(getQueuePosition))).toEqual([null, 1, 2]);
});

describe("tasks of a room", () => {
  test("the tasks of a room are listed newest first, with a filter by status, and in pages", async () => {
    const { room, job, id: first } = await api.createTask("running");
    const second = await api.submit(room, job.full_name);
    const list = async (query = "") => ok(await api.as("rea").get(`/rooms/${room}/tasks${query}`));

    expect(await list()).toMatchObject({
      total: 2,
      limit: 50,
      offset: 0,
      items: [{ id: second.id }, { id: first }],
    });
    expect(await list("?status=running")).toMatchObject({ total: 1, items: [{ id: first }] });
    expect((await list("?status=failed")).items).toEqual([]);
    expect(await list("?limit=1&offset=1")).toMatchObject({
      total: 2,
      limit: 1,
      offset: 1,
      items: [{ id: first }],
    });
  });

  test("the tasks of a room can be listed from the position after a task, even if tasks are submitted between two pages", async () => {
    const { room, job, id: first } = await api.createTask();
    const second = await api.submit(room, job.full_name);
    const list = async (path: string) =>
      ok(await api.as("rea").get(`/rooms/${room}/${path}`)).items.map(({ id }: { id: string }) => id);
    const page = await list("tasks?limit=1");
    await api.submit(room, job.full_name);

    expect(page).toEqual([second.id]);
    expect(await list(`tasks?after=${second.id}`)).toEqual([first]);
    expect(await list(`jobs/${job.full_name}/tasks?after=${second.id}`)).toEqual([first]);
    expect(await list(`tasks?after=${first}`)).toEqual([]);
  });

  test.each([
    "nothing",
    crypto.randomUUID(),
  ])("the tasks of a room cannot be listed after %s, which is not the id of a task in the room", async (after) => {
    expectProblem(await api.as("ann").get(`/rooms/${newRoomId()}/tasks?after=${after}`), "validation-error");
  });

  test.each([
    "status=nonsense",
    "limit=501",
    "offset=-1",
  ])("the tasks of a room cannot be listed with ?%s", async (query) => {
    expectProblem(await api.as("ann").get(`/rooms/${newRoomId()}/tasks?${query}`), "validation-error");
  });
});

test("a completed task has its result, and a failed task has its error and the errors of its attempts", async () => {
  const done = await api.createTask("completed");
  const failed = await api.createTask("failed");

  expect(await api.readTask(done.id)).toMatchObject({
    ...{ status: "completed", result: 1, error: null, attempt: 1, runs: 1, worker_id: done.worker },
    ...{ started_at: expect.any(String), completed_at: expect.any(String), queue_position: null },
  });
  expect(await api.readTask(failed.id)).toMatchObject({
    ...{ status: "failed", result: null, error: "broken" },
    errors: [{ attempt: 1, error: "broken", worker_id: failed.worker, at: expect.stringMatching(/Z$/) }],
  });
});
