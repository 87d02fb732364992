import { expect } from "vitest";
import type { Api } from "../http/api.ts";
import { ok } from "../http/responses.ts";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HOUR_MS = 3_600_000;

/**
 * Requires a time in the API's format that differs from now by less than 30 minutes. With a wrong
 * time zone, the difference would be larger.
 */
const requireRecent = (time: unknown): void => {
  expect(time).toMatch(TIME);
  expect(Math.abs(Date.now() - Date.parse(String(time)))).toBeLessThan(HOUR_MS / 2);
};

const PAYLOAD = {
  text: "back\\slash 'quote' \u00fc\u4e2d",
  n: 0.1,
  big: 12345678901.25,
  list: [null, "NULL"],
};
const SCHEMA = { type: "object", properties: { text: { type: "string" } } };

const checkTask = (task: { readonly created_at: string; readonly run_at: string }): void => {
  requireRecent(task.created_at);
  requireRecent(task.run_at);
  expect(task).toMatchObject({ payload: PAYLOAD, errors: expect.any(Array) });
};

/** Registers jobs, submits and runs tasks, and calls all reading operations of the API. */
export const runTaskLifecycle = async (api: Api): Promise<void> => {
  const { as } = api;
  const room = `room-${crypto.randomUUID()}`;
  const registration = {
    name: "Life",
    schema: SCHEMA,
    result_schema: { type: "object" },
    defaults: { max_attempts: 2, backoff: { kind: "fixed", seconds: 0 }, timeout_seconds: 1.25 },
  };
  const job = await api.registerJob(room, registration);
  const path = `/rooms/${room}/tasks/${job.full_name}`;
  const worker_id = job.worker_id;
  const lease = { worker_id, attempt: 1 };

  const headers = { "idempotency-key": "once" };
  const body = { payload: PAYLOAD, timeout_seconds: 3600 };
  const first = ok(await as("ann").post(path, { body, headers }), 202);
  expect(ok(await as("ann").post(path, { body, headers }), 200).id).toBe(first.id);
  checkTask(first);
  const tasks = [1, 2, 3].map(() => ({ job_name: job.full_name, ...body }));
  ok(await as("ann").post(`/rooms/${room}/tasks`, { body: { tasks } }), 202);
  const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const scheduled = ok(await as("ann").post(path, { body: { ...body, run_at: inAWeek } }), 202);
  expect(scheduled.run_at).toBe(inAWeek);

  const read = ok(await as("ann").get(`/tasks/${first.id}`));
  checkTask(read);
  expect(read).toMatchObject({ timeout_seconds: 3600, max_attempts: 2, backoff: { kind: "fixed" } });
  expect(ok(await as("ann").get(`/tasks/${first.id}/diagnosis`))).toMatchObject({ status: "pending" });

  const claimed = await api.claim(worker_id);
  checkTask(claimed);
  ok(await api.update(first.id, { ...lease, status: "running", progress: { fraction: 0.25 } }));
  const log = [{ number: 0, text: "a \\ line", at: new Date().toISOString() }];
  ok(await api.update(first.id, { ...lease, log, progress: { fraction: 0.5, message: "half" } }));
  const heartbeat = ok(await as("wes").patch(`/workers/${worker_id}`, { body: { tasks: [first.id] } }));
  expect(heartbeat.stop).toEqual([]);
  const completed = ok(await api.update(first.id, { ...lease, status: "completed", result: PAYLOAD }));
  expect(completed).toMatchObject({ status: "completed", result: PAYLOAD });
  const lines = ok(await as("ann").get(`/tasks/${first.id}/logs`)).items;
  expect(lines).toMatchObject([{ text: "a \\ line" }]);

  const failing = await api.claim(worker_id, { start: true });
  expect(failing.started_at).toMatch(TIME);
  ok(await api.update(failing.id, { ...lease, status: "failed", error: "broken" }));
  const retried = await api.claim(worker_id, { start: true });
  expect(retried).toMatchObject({ id: failing.id, errors: [{ error: "broken" }] });
  const failed = ok(
    await api.update(failing.id, { worker_id, attempt: 2, status: "failed", error: "broken" }),
  );
  for (const { at } of failed.errors) requireRecent(at);
  expect(ok(await as("ann").get(`/tasks/${failing.id}/attempts`)).items).toHaveLength(2);
  expect(ok(await as("ann").post(`/tasks/${failing.id}/retry`)).status).toBe("pending");
  ok(await as("ann").patch(`/tasks/${failing.id}`, { body: { status: "cancelled" } }));

  const { id, attempt } = await api.claim(worker_id, { start: true });
  const updates = [{ id, attempt, status: "completed", result: {} }];
  const { results } = ok(await as("wes").patch(`/workers/${worker_id}/tasks`, { body: { updates } }));
  expect(results).toMatchObject([{ task: { status: "completed" } }]);
  const claimedTask = await api.claim(worker_id);
  expect(
    ok(await as("wes").post(`/workers/${worker_id}/release`, { body: { tasks: [claimedTask.id] } })),
  ).toEqual({
    released: [claimedTask.id],
  });

  const overdue = ok(
    await as("ann").post(path, { body: { payload: PAYLOAD, max_attempts: 1, priority: 5 } }),
    202,
  );
  await api.claim(worker_id, { start: true });
  await expect
    .poll(async () => ok(await as("ann").get(`/tasks/${overdue.id}`)).error)
    .toBe("timed out after 1.25 s");

  const lost = await api.claim(worker_id, { start: true });
  const { worker_id: otherWorkerId } = await api.registerJob(room, registration);
  await api.ageWorker(worker_id);
  await api.sweep();
  const lateUpdate = { worker_id, attempt: lost.attempt, status: "completed", result: { n: 1 } };
  expect((await api.update(lost.id, lateUpdate)).status).toBe(409);
  const [lateResult] = ok(await as("ann").get(`/tasks/${lost.id}/late_results`)).items;
  expect(lateResult).toMatchObject({ result: { n: 1 } });
  expect(ok(await as("ann").post(`/tasks/${lost.id}/adopt`)).status).toBe("completed");

  await runReadOperations(api, { room, job: job.full_name, worker: otherWorkerId });
};

interface Fixture {
  readonly room: string;
  readonly job: string;
  readonly worker: string;
}

const runReadOperations = async ({ as }: Api, { room, job, worker }: Fixture): Promise<void> => {
  const list = ok(await as("ann").get(`/rooms/${room}/tasks?limit=3`));
  expect(list.items).toHaveLength(3);
  expect(list.total).toBe(6);
  for (const task of list.items) requireRecent(task.created_at);
  const [newest] = list.items;
  expect(ok(await as("ann").get(`/rooms/${room}/tasks?limit=9&after=${newest?.id}`)).items).toHaveLength(5);
  expect(ok(await as("ann").get(`/rooms/${room}/tasks?q=slash`)).items).toHaveLength(6);
  expect(ok(await as("ann").get(`/rooms/${room}/tasks?status=completed`)).items).toHaveLength(3);
  expect(ok(await as("ann").get(`/rooms/${room}/jobs/${job}/tasks`)).items).toHaveLength(6);
  expect(ok(await as("ann").get(`/rooms/${room}/jobs`)).items).toMatchObject([{ schema: SCHEMA }]);
  const jobDetails = ok(await as("ann").get(`/rooms/${room}/jobs/${job}`));
  requireRecent(jobDetails.created_at);
  expect(jobDetails.defaults).toMatchObject({ max_attempts: 2, timeout_seconds: 1.25 });
  requireRecent(ok(await as("wes").get("/workers")).items[0]?.last_heartbeat);
  requireRecent(ok(await as("wes").get(`/workers/${worker}`)).last_heartbeat);
  expect(ok(await as("root").get("/rooms")).items.length).toBeGreaterThan(0);
  expect(ok(await as("ann").get(`/rooms/${room}/stats?hours=1`))).toMatchObject({ jobs: [{ completed: 3 }] });
  ok(await as("root").get("/stats"));
  expect(ok(await as("root").get("/health"))).toMatchObject({
    database: { state: "up", pending_migrations: [] },
  });
  ok(await as("ann").post(`/rooms/${room}/bulk/cancel`, { body: { filter: { job } } }));
  ok(await as("ann").post(`/rooms/${room}/bulk/retry`, { body: { filter: { job } } }));
  ok(await as("wes").post(`/workers/${worker}/drain`));
  expect((await as("wes").delete(`/workers/${worker}`)).status).toBe(204);
};
