import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

const UNKNOWN_ID = "01900000-0000-7000-8000-000000000000";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** Creates a worker that has claimed `count` tasks. */
const createClaimedTasks = async (count: number, job: Record<string, unknown> = {}) => {
  const room = newRoomId();
  const { full_name, worker_id } = await api.registerJob(room, job);
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push((await api.submit(room, full_name)).id);
  ok(await api.as("wes").post(`/workers/${worker_id}/claims`, { body: { limit: count } }));
  return { worker: worker_id, ids };
};
const send = (worker: string, updates: unknown, user = "wes") =>
  api.as(user).patch(`/workers/${worker}/tasks`, { body: { updates } });

test("a batch of updates returns a result for each update, in request order", async () => {
  const { worker, ids } = await createClaimedTasks(3);

  const { results } = ok(
    await send(worker, [
      { id: ids[0], status: "running", attempt: 1 },
      { id: ids[1], status: "failed", attempt: 1, error: "no" },
      { id: ids[2], status: "running", progress: { fraction: 0.5 } },
    ]),
  );

  expect(results).toMatchObject([
    { id: ids[0], task: { id: ids[0], status: "running", runs: 1 } },
    { id: ids[1], task: { id: ids[1], status: "failed", error: "no" } },
    { id: ids[2], task: { id: ids[2], status: "running", progress: { fraction: 0.5 } } },
  ]);
  expect((await api.readTask(ids[0] ?? "")).status).toBe("running");
});

test("a batch of updates returns problems for invalid updates and applies the other updates", async () => {
  const { worker, ids } = await createClaimedTasks(3, { result_schema: { type: "number" } });
  const others = await api.createTask("running");
  const [first, second, third] = ids;
  for (const id of ids) ok(await api.update(id, { status: "running" }));

  const { results } = ok(
    await send(worker, [
      { id: first, status: "completed", result: "x", attempt: 1 },
      { id: second, status: "completed", result: 1, attempt: 9 },
      { id: others.id, status: "completed" },
      { id: UNKNOWN_ID, status: "completed" },
      { id: "no-uuid", status: "completed" },
      { id: third, status: "pending" },
      { id: third, status: "completed", result: 1 },
    ]),
  );

  const type = (id: string) => ({ problem: { type: `/v1/problems/${id}`, status: expect.any(Number) } });
  expect(results).toMatchObject([
    { id: first, problem: { status: 422, errors: [{ pointer: "/updates/0/result" }] } },
    { id: second, ...type("task-lost") },
    { id: others.id, ...type("task-lost") },
    { id: UNKNOWN_ID, ...type("task-not-found") },
    { id: "no-uuid", ...type("task-not-found") },
    { id: third, ...type("invalid-task-transition") },
    { id: third, task: { status: "completed", result: 1 } },
  ]);
});

test("a batch of updates applies several updates of one task in request order", async () => {
  const { worker, ids } = await createClaimedTasks(1);
  const [id] = ids;

  const { results } = ok(
    await send(worker, [
      { id, status: "running" },
      { id, progress: { fraction: 0.5 } },
      { id, status: "completed", result: "done" },
    ]),
  );

  expect(results.map(({ task }) => task?.status)).toEqual(["running", "running", "completed"]);
});

test("a batch of updates returns the same results if it is repeated", async () => {
  const { worker, ids } = await createClaimedTasks(2);
  const updates = ids.map((id) => ({ id, status: "failed", attempt: 1, error: "no" }));

  const first = ok(await send(worker, updates));

  expect(ok(await send(worker, updates))).toEqual(first);
});

test("a batch of updates is allowed only for the owner of the worker", async () => {
  const { worker, ids } = await createClaimedTasks(1);
  const updates = [{ id: ids[0], status: "running" }];

  for (const user of ["ann", "root"]) expectProblem(await send(worker, updates, user), "forbidden");
  expectProblem(await send(UNKNOWN_ID, updates), "worker-not-found");
});

test("a batch of updates has 1 to 500 updates", async () => {
  const { worker, ids } = await createClaimedTasks(1);
  const sendMany = (count: number) => send(worker, Array(count).fill({ id: ids[0], progress: {} }));

  expect(ok(await sendMany(500)).results).toHaveLength(500);
  for (const count of [0, 501]) expect(getErrorPointers(await sendMany(count))).toEqual(["/updates"]);
});

test("a batch of updates counts as a heartbeat", async () => {
  const { worker, ids } = await createClaimedTasks(1);
  await api.ageWorker(worker);

  ok(await send(worker, [{ id: ids[0], status: "running" }]));

  const { items } = ok(await api.as("wes").get("/workers"));
  expect(items.find(({ id }) => id === worker)?.online).toBe(true);
});
