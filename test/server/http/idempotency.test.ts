import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const post = (room: string, jobName: string, body: unknown, key: string, user = "ann") =>
  api.as(user).post(`/rooms/${room}/tasks/${jobName}`, { body, headers: { "idempotency-key": key } });
const countTasks = async (room: string) => ok(await api.as("ann").get(`/rooms/${room}/tasks`)).total;

test("a repeated request with the same idempotency key returns the task of the first request in its current state", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const first = ok(await post(room, job.full_name, { payload: { a: 1, b: 2 } }, "k"), 202);
  await api.claim(job.worker_id, { start: true });

  const response = await post(room, job.full_name, { payload: { b: 2, a: 1 } }, "k");

  expect(ok(response, 200)).toMatchObject({ id: first.id, status: "running" });
  expect(response.headers["location"]).toBe(`/v1/joblib/tasks/${first.id}`);
  expect(await countTasks(room)).toBe(1);
});

test("200 concurrent requests with the same idempotency key create one task", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);

  const responses = await Promise.all(Array.from({ length: 200 }, () => post(room, job.full_name, {}, "k")));

  expect(responses.map(({ status }) => status).toSorted()).toEqual([...Array(199).fill(200), 202]);
  expect(new Set(responses.map(({ body }) => body.id)).size).toBe(1);
  expect(await countTasks(room)).toBe(1);
});

test("a request with another body or another job, but the same idempotency key, is rejected with idempotency-conflict", async () => {
  const room = newRoomId();
  const [job, other] = [await api.registerJob(room), await api.registerJob(room)];
  ok(await post(room, job.full_name, { payload: { a: 1 } }, "k"), 202);

  expectProblem(await post(room, job.full_name, { payload: { a: 2 } }, "k"), "idempotency-conflict");
  expectProblem(await post(room, other.full_name, { payload: { a: 1 } }, "k"), "idempotency-conflict");
  expectProblem(
    await post(room, job.full_name, { payload: { a: 1 }, priority: 1 }, "k"),
    "idempotency-conflict",
  );
  expect(await countTasks(room)).toBe(1);
});

test("an idempotency key is valid for one user and one room", async () => {
  const [room, other] = [newRoomId(), newRoomId()];
  const job = await api.registerJob("@global", {}, "root");

  const responses = [
    ok(await post(room, job.full_name, {}, "k"), 202),
    ok(await post(other, job.full_name, {}, "k"), 202),
    ok(await post(room, job.full_name, {}, "k", "wes"), 202),
  ];

  expect(new Set(responses.map(({ id }) => id)).size).toBe(3);
});

test("a repeated request with the same idempotency key returns the task even after the job was removed", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = ok(await post(room, job.full_name, {}, "k"), 202);
  ok(await api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
  ok(await api.as("wes").delete(`/workers/${job.worker_id}`), 204);

  expect(ok(await post(room, job.full_name, {}, "k"), 200)).toMatchObject({ id, status: "cancelled" });
});

test("an idempotency key has 1 to 255 characters", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);

  ok(await post(room, job.full_name, {}, "k".repeat(255)), 202);
  ok(await post(room, job.full_name, {}, "k"), 202);
  expectProblem(await post(room, job.full_name, {}, "k".repeat(256)), "validation-error");
  expectProblem(await post(room, job.full_name, {}, ""), "validation-error");
});
