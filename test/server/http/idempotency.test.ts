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
const totalOf = async (room: string) => ok(await api.as("ann").get(`/rooms/${room}/tasks`)).total;

test("the same request with the same key gives the task that the first one made, as it stands, 200", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const first = ok(await post(room, job.full_name, { payload: { a: 1, b: 2 } }, "k"), 202);
  await api.claim(job.worker_id, { start: true });

  const answer = await post(room, job.full_name, { payload: { b: 2, a: 1 } }, "k");

  expect(ok(answer, 200)).toMatchObject({ id: first.id, status: "running" });
  expect(answer.headers["location"]).toBe(`/v1/joblib/tasks/${first.id}`);
  expect(await totalOf(room)).toBe(1);
});

test("200 requests at once with one key make one task", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);

  const answers = await Promise.all(Array.from({ length: 200 }, () => post(room, job.full_name, {}, "k")));

  expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(199).fill(200), 202]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(await totalOf(room)).toBe(1);
});

test("another body or another job with the same key is 422 idempotency-conflict", async () => {
  const room = newRoomId();
  const [job, other] = [await api.registerJob(room), await api.registerJob(room)];
  ok(await post(room, job.full_name, { payload: { a: 1 } }, "k"), 202);

  expectProblem(await post(room, job.full_name, { payload: { a: 2 } }, "k"), "idempotency-conflict");
  expectProblem(await post(room, other.full_name, { payload: { a: 1 } }, "k"), "idempotency-conflict");
  expectProblem(
    await post(room, job.full_name, { payload: { a: 1 }, priority: 1 }, "k"),
    "idempotency-conflict",
  );
  expect(await totalOf(room)).toBe(1);
});

test("a key is scoped to the user and to the room", async () => {
  const [room, other] = [newRoomId(), newRoomId()];
  const job = await api.registerJob("@global", {}, "root");

  const answers = [
    ok(await post(room, job.full_name, {}, "k"), 202),
    ok(await post(other, job.full_name, {}, "k"), 202),
    ok(await post(room, job.full_name, {}, "k", "wes"), 202),
  ];

  expect(new Set(answers.map(({ id }) => id)).size).toBe(3);
});

test("a key is answered even when the job is gone since", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = ok(await post(room, job.full_name, {}, "k"), 202);
  ok(await api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
  ok(await api.as("wes").delete(`/workers/${job.worker_id}`), 204);

  expect(ok(await post(room, job.full_name, {}, "k"), 200)).toMatchObject({ id, status: "cancelled" });
});

test("a key's bounds are 1 and 255 characters", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);

  ok(await post(room, job.full_name, {}, "k".repeat(255)), 202);
  ok(await post(room, job.full_name, {}, "k"), 202);
  expectProblem(await post(room, job.full_name, {}, "k".repeat(256)), "validation-error");
  expectProblem(await post(room, job.full_name, {}, ""), "validation-error");
});
