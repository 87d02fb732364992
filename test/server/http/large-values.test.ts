import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** Large enough to be passed on as the database's text, with all that a text could be cut at. */
const large = (name: string) => ({
  name,
  text: `"\\ raw-json: ü ${"x".repeat(4_000)} $& $1`,
  nested: [{ deep: [null, 1.5, -0.5e-7] }],
});

test("large payloads and results come back as they were sent, one by one and many at once", async () => {
  const first = await api.createTask("running", { task: { payload: large("first") } });
  expect(first.task.payload).toEqual(large("first"));
  const done = { status: "completed", worker_id: first.worker, attempt: 1, result: large("result") };
  expect(ok(await api.update(first.id, done))).toMatchObject({
    payload: large("first"),
    result: large("result"),
  });

  const small = await api.submit(first.room, first.job.full_name, { payload: { a: 1 } });
  const next = await api.submit(first.room, first.job.full_name, { payload: large("next") });
  const claims = await api.as("wes").post(`/workers/${first.worker}/claims`, { body: { limit: 5 } });
  expect(ok(claims).tasks.map(({ id, payload }) => [id, payload])).toEqual([
    [small.id, { a: 1 }],
    [next.id, large("next")],
  ]);
  const updates = [small, next].map(({ id }) => ({ id, status: "failed", result: large(id) }));
  const steps = await api.as("wes").patch(`/workers/${first.worker}/tasks`, { body: { updates } });
  expect(ok(steps).results.map(({ task }) => task?.result)).toEqual([large(small.id), large(next.id)]);
  expect(await api.readTask(next.id)).toMatchObject({ payload: large("next"), result: large(next.id) });
});
