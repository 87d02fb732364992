import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/**
 * Creates a value that is so large that the server copies its text from the database to the
 * response without parsing it. The value contains characters and placeholders that would break a
 * wrong concatenation.
 */
const createLargeValue = (name: string) => ({
  name,
  text: `"\\ raw-json: ü ${"x".repeat(4_000)} $& $1`,
  nested: [{ deep: [null, 1.5, -0.5e-7] }],
});

test("large payloads and results are returned unchanged in single and batch operations", async () => {
  const first = await api.createTask("running", { task: { payload: createLargeValue("first") } });
  expect(first.task.payload).toEqual(createLargeValue("first"));
  const done = {
    status: "completed",
    worker_id: first.worker,
    attempt: 1,
    result: createLargeValue("result"),
  };
  expect(ok(await api.update(first.id, done))).toMatchObject({
    payload: createLargeValue("first"),
    result: createLargeValue("result"),
  });

  const small = await api.submit(first.room, first.job.full_name, { payload: { a: 1 } });
  const next = await api.submit(first.room, first.job.full_name, { payload: createLargeValue("next") });
  const claims = await api.as("wes").post(`/workers/${first.worker}/claims`, { body: { limit: 5 } });
  expect(ok(claims).tasks.map(({ id, payload }) => [id, payload])).toEqual([
    [small.id, { a: 1 }],
    [next.id, createLargeValue("next")],
  ]);
  const updates = [small, next].map(({ id }) => ({ id, status: "failed", result: createLargeValue(id) }));
  const steps = await api.as("wes").patch(`/workers/${first.worker}/tasks`, { body: { updates } });
  expect(ok(steps).results.map(({ task }) => task?.result)).toEqual([
    createLargeValue(small.id),
    createLargeValue(next.id),
  ]);
  expect(await api.readTask(next.id)).toMatchObject({
    payload: createLargeValue("next"),
    result: createLargeValue(next.id),
  });
});
