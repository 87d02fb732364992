import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openDatabase } from "../../../server/index.ts";
import { createDatabaseWithLeastRights } from "../../support/least-rights.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok } from "./responses.ts";

const AGAIN = { max_attempts: 3, backoff: { kind: "fixed", seconds: 0 } };

let orm: Awaited<ReturnType<typeof openDatabase>>;
let api: Api;
beforeAll(async () => {
  orm = await openDatabase({ url: await createDatabaseWithLeastRights(inject("postgresUrl")) });
  api = await openApi({ orm, withInvitations: true, settings: { task_retention_days: 30 } });
});
afterAll(async () => {
  await api.close();
  await orm.close();
});

test("a task is submitted, logged, failed, tried again, completed late, adopted and deleted", async () => {
  const scene = await api.createTask("running", { task: AGAIN, job: { fairness: "room" } });
  const { id, worker, job, room } = scene;
  const fence = { worker_id: worker, attempt: 1 };
  ok(await api.update(id, { progress: { fraction: 0.5 }, log: [{ number: 0, text: "one" }], ...fence }));
  ok(await api.update(id, { status: "failed", error: "broken", ...fence }));
  await api.claim(worker, { start: true });
  await api.ageWorker(worker);
  await api.sweep();
  expectProblem(
    await api.update(id, { status: "completed", result: 1, worker_id: worker, attempt: 2 }),
    "task-lost",
  );
  const as = api.as("ann");
  expect(ok(await as.get(`/tasks/${id}/logs`)).items).toHaveLength(1);
  ok(await as.get(`/tasks/${id}/diagnosis`));
  ok(await as.get(`/tasks/${id}/attempts`));
  expect(ok(await as.get(`/tasks/${id}/late_results`)).items).toHaveLength(1);
  expect(ok(await as.post(`/tasks/${id}/adopt`))).toMatchObject({ status: "completed", result: 1 });
  ok(await as.get(`/rooms/${room}/jobs/${job.full_name}/tasks`));

  await api.ageTask(id, 31 * 86_400);
  await api.sweep();

  expectProblem(await as.get(`/tasks/${id}`), "task-not-found");
});

test("tasks are cancelled, opened again and released, and time out", async () => {
  const { id, room, worker } = await api.createTask("claimed", { task: { ...AGAIN, timeout_seconds: 1 } });
  ok(await api.as("wes").post(`/workers/${worker}/release`, { body: { tasks: [id] } }));
  await api.claim(worker, { start: true });
  await api.ageTask(id);
  await api.sweep();
  ok(await api.as("ann").post(`/rooms/${room}/bulk/cancel`, { body: { filter: { status: ["pending"] } } }));
  ok(await api.as("ann").post(`/tasks/${id}/retry`));

  expect((await api.readTask(id)).status).toBe("pending");
});

test("workers are drained and leave, and their jobs go with them", async () => {
  const { worker, room } = await api.createTask("completed");
  ok(await api.as("wes").patch(`/workers/${worker}`, { body: { tasks: [] } }));
  ok(await api.as("wes").post(`/workers/${worker}/drain`));
  expect((await api.as("wes").delete(`/workers/${worker}`)).status).toBe(204);
  await api.sweep();

  expect(ok(await api.as("ann").get(`/rooms/${room}/jobs`)).items).toEqual([]);
});

test("invitations are made, listed and revoked", async () => {
  const root = api.as("root");
  const { id } = ok(await root.post("/rooms/lab/invitations", { body: { note: "for Ada" } }), 201);
  expect(ok(await root.get("/rooms/lab/invitations")).items).toHaveLength(1);

  expect((await root.delete(`/invitations/${id}`)).status).toBeLessThan(300);
});

test.each([
  "/rooms",
  "/workers",
  "/stats",
  "/rooms/lab/stats",
  "/rooms/lab/workers",
  "/me",
  "/health",
])("%s is read", async (path) => {
  ok(await api.as("root").get(path));
});
