import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { type EventStream, openEventStream } from "./event-stream.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
let url: string;
beforeAll(async () => {
  api = await openApi();
  url = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

const listen = (path: string, headers: Record<string, string> = {}, user = "ann"): Promise<EventStream> =>
  openEventStream(`${url}/v1/joblib${path}`, { "x-user": user, ...headers });

const createRunningTask = async (room = newRoomId()) => {
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name);
  await api.claim(job.worker_id, { start: true });
  const fence = { worker_id: job.worker_id, attempt: 1 };
  const update = (body: object) => api.as("wes").patch(`/tasks/${id}`, { body: { ...fence, ...body } });
  return { room, job, id, update };
};

describe("event stream of a task", () => {
  test("the event stream of a task sends the task, its changes, its log and then its end", async () => {
    const { id, update } = await createRunningTask();
    await using stream = await listen(`/tasks/${id}/events`);
    expect(await stream.next()).toMatchObject({ event: "task", data: { id, status: "running" } });

    ok(await update({ progress: { fraction: 0.5 } }));
    expect(await stream.next()).toMatchObject({ event: "task", data: { progress: { fraction: 0.5 } } });
    ok(await update({ log: [{ number: 0, text: "half way" }] }));
    expect(await stream.next()).toMatchObject({ event: "log", data: { items: [{ text: "half way" }] } });
    ok(await update({ log: [{ number: 1, text: "done" }], status: "completed" }));

    expect(await stream.next()).toMatchObject({
      event: "log",
      data: { items: [{ text: "done" }], after: "1.1" },
    });
    expect(await stream.next()).toMatchObject({ event: "task", data: { status: "completed" } });
  });

  test("the event stream of a task resumes after the last event on another server without gaps or duplicates", async () => {
    const { id, update } = await createRunningTask();
    ok(await update({ log: [{ number: 0, text: "one" }] }));
    await using first = await listen(`/tasks/${id}/events`);
    const [, task] = [await first.next(), await first.next()];
    await first[Symbol.asyncDispose]();
    ok(await update({ log: [{ number: 1, text: "two" }] }));

    const other = await openApi({ orm: api.orm });
    const otherUrl = await other.app.listen({ port: 0, host: "127.0.0.1" });
    await using second = await openEventStream(`${otherUrl}/v1/joblib/tasks/${id}/events`, {
      ...{ "x-user": "ann", "last-event-id": task.id, prefer: "wait=1" },
    });

    expect(await second.readToEnd()).toMatchObject([{ event: "log", data: { items: [{ text: "two" }] } }]);
    expect(second.headers.get("preference-applied")).toBe("wait=1");
    expect(second.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    await second[Symbol.asyncDispose]();
    await other.close();
  });

  test("the event stream of a task is rejected if the task is unknown, or if the caller has no access or no credentials", async () => {
    const { id } = await createRunningTask();

    expectProblem(
      await api.as("ann").get(`/tasks/01990000-0000-7000-8000-000000000000/events`),
      "task-not-found",
    );
    expectProblem(await api.as("outsider").get(`/tasks/${id}/events`), "forbidden");
    expectProblem(await api.as(undefined).get(`/tasks/${id}/events`), "unauthorized");
    expectProblem(await api.as("ann").post(`/tasks/${id}/events`), "method-not-allowed");
  });
});

describe("event stream of a room", () => {
  test("the event stream of a room sends the event “ready”, then changes of tasks, jobs and workers", async () => {
    const room = newRoomId();
    await using stream = await listen(`/rooms/${room}/events`);
    expect(await stream.next()).toMatchObject({ event: "ready" });

    const job = await api.registerJob(room);
    expect(await stream.next()).toMatchObject({ event: "jobs" });
    const { id } = await api.submit(room, job.full_name);
    expect(await stream.next()).toMatchObject({ event: "task", data: { id, status: "pending" } });
    await api.claim(job.worker_id, { start: true });
    expect(await stream.nextMatching(({ data }) => data.status === "running")).toMatchObject({
      data: { id },
    });
    ok(await api.as("wes").delete(`/workers/${job.worker_id}`), 204);
    expect(await stream.nextMatching(({ event }) => event === "jobs")).toBeDefined();
  });

  test("the event stream of a room contains changes of public jobs, but no tasks of other rooms", async () => {
    const [room, other] = [newRoomId(), newRoomId()];
    await using stream = await listen(`/rooms/${room}/events`);
    await stream.next();

    const job = await api.registerJob("@global", {}, "root");
    expect(await stream.next()).toMatchObject({ event: "jobs" });
    await api.submit(other, job.full_name);
    const { id } = await api.submit(room, job.full_name);

    expect(await stream.nextMatching(({ event }) => event === "task")).toMatchObject({ data: { id } });
  });

  test("the event stream of a room resumes after the last event, and sends the event “reset” for an unknown event id", async () => {
    const room = newRoomId();
    const job = await api.registerJob(room);
    await using first = await listen(`/rooms/${room}/events`);
    const ready = await first.next();
    await first[Symbol.asyncDispose]();
    const { id } = await api.submit(room, job.full_name);

    await using second = await listen(`/rooms/${room}/events`, { "last-event-id": ready.id });
    expect(await second.next()).toMatchObject({ event: "task", data: { id } });
    await using other = await listen(`/rooms/${room}/events`, { "last-event-id": "ffffffff-3" });
    expect(await other.next()).toMatchObject({ event: "reset" });
  });

  test("the event stream of a room sends a changed task or the event “reset” after hundreds of concurrent changes", async () => {
    const room = newRoomId();
    const job = await api.registerJob(room);
    await using stream = await listen(`/rooms/${room}/events`);
    await stream.next();
    const tasks = Array.from({ length: 400 }, () => ({ job_name: job.full_name }));
    const submitted = ok(await api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks } }), 202);
    await Promise.all(
      submitted.tasks.map(({ id }: { id: string }) =>
        api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }),
      ),
    );

    expect(
      await stream.nextMatching(({ event, data }) => event === "reset" || data.status === "cancelled"),
    ).toBeDefined();
  });

  test("the event stream of a room requires read access and a valid room id", async () => {
    expectProblem(await api.as("outsider").get(`/rooms/${newRoomId()}/events`), "forbidden");
    expectProblem(await api.as(undefined).get(`/rooms/${newRoomId()}/events`), "unauthorized");
    expectProblem(await api.as("ann").get("/rooms/@other/events"), "invalid-room-id");
  });
});

test("a closing server ends its event streams", async () => {
  const server = await openApi({ orm: api.orm });
  const ownUrl = await server.app.listen({ port: 0, host: "127.0.0.1" });
  await using stream = await openEventStream(`${ownUrl}/v1/joblib/rooms/${newRoomId()}/events`, {
    "x-user": "ann",
  });
  await stream.next();

  const closing = server.close();

  expect(await stream.readToEnd()).toEqual([]);
  await closing;
});
