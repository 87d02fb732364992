import { sql } from "kysely";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Diagnosis } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok, parseBody } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { worker_timeout_seconds: 60 } });
});
afterAll(() => api.close());

const diagnose = async (id: string, user = "ann") =>
  parseBody(Diagnosis, await api.as(user).get(`/tasks/${id}/diagnosis`));

/** Diagnoses a task with the server's clock frozen at `seconds` after `time`. */
const diagnoseAt = async (id: string, time: string | null | undefined, seconds: number) => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(time ?? "") + seconds * 1000 });
  try {
    return await diagnose(id);
  } finally {
    vi.useRealTimers();
  }
};

test("the diagnosis of a task that is not due contains its run_at", async () => {
  const { room, job } = await api.createTask();
  const { id, run_at } = await api.submit(room, job.full_name, { delay_seconds: 3600 });

  const { sentence, ...diagnosis } = await diagnoseAt(id, run_at, -3600);

  expect(diagnosis).toMatchObject({ reason: "not-due", run_at, queue_position: null });
  expect(sentence).toMatch(/^The task is scheduled for \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, in 1 h 0 min\.$/);
});

test("the diagnosis of a failed task that will be retried contains the failed attempt, its error and the time of the next attempt", async () => {
  const { id, worker } = await api.createTask("running", {
    task: { max_attempts: 3, backoff: { kind: "fixed", seconds: 120, jitter: 0 } },
  });
  const error = "no more room\nat line 3";
  const { run_at } = ok(await api.update(id, { status: "failed", worker_id: worker, attempt: 1, error }));

  const { reason, sentence } = await diagnoseAt(id, run_at, -120);

  expect(reason).toBe("retrying");
  expect(sentence).toMatch(
    /^Attempt 1 of 3 failed \(no more room\). The next attempt is scheduled for [\d-]+ [\d:]+ UTC, in 2 min 0 s\.$/,
  );
});

test("the diagnosis of a task whose job has no live worker contains the time at which a worker was last alive", async () => {
  const { id, worker } = await api.createTask();
  await api.ageWorker(worker, 600);

  const { last_worker_at } = await diagnose(id);
  const withSilentWorker = await diagnoseAt(id, last_worker_at, 600);
  expect(withSilentWorker).toMatchObject({
    reason: "no-worker",
    workers: 0,
    last_worker_at: expect.any(String),
  });
  expect(withSilentWorker.sentence).toBe(
    "No worker for this job is online. The last one was active 10 min 0 s ago.",
  );

  ok(await api.as("wes").delete(`/workers/${worker}`), 204);
  const withoutWorker = await diagnose(id);
  expect(withoutWorker).toMatchObject({ reason: "no-worker", last_worker_at: null });
  expect(withoutWorker.sentence).toBe("No worker for this job is online.");
});

test("the diagnosis of a task whose workers are busy contains the number of workers, the queue position and the expected start time", async () => {
  const { room, job, worker, id: first } = await api.createTask("running");
  ok(await api.update(first, { status: "completed", worker_id: worker, attempt: 1, result: 1 }));
  await api.query(
    sql`update joblib.task set started_at = completed_at - interval '10 seconds' where id = ${first}::uuid`,
  );
  for (let count = 0; count < 2; count += 1) await api.submit(room, job.full_name);
  await api.claim(worker, { start: true });
  const { id, run_at } = await api.submit(room, job.full_name);

  const { sentence, ...diagnosis } = await diagnoseAt(id, run_at, 1);

  expect(diagnosis).toMatchObject({
    reason: "workers-busy",
    workers: 1,
    busy_workers: 1,
    queue_position: 2,
    expected_at: new Date(Date.parse(run_at) + 21_000).toISOString(),
  });
  expect(sentence).toMatch(
    /^The only worker for this job is busy, and the task is at queue position 2\. Similar tasks take 10\.0 s, so this one should start in about 20\.0 s\.$/,
  );
});

test("the diagnosis of a task with several workers contains the number of busy workers", async () => {
  const { room, job, worker } = await api.createTask("running");
  const other = await api.createWorker();
  ok(
    await api.as("wes").put(`/rooms/${room}/jobs`, {
      body: { category: job.category, name: job.name, schema: job.schema, worker_id: other.id },
    }),
  );
  const { id, run_at } = await api.submit(room, job.full_name);

  const withFreeWorker = await diagnoseAt(id, run_at, 1);
  expect(withFreeWorker).toMatchObject({ reason: "worker-idle", workers: 2, busy_workers: 1 });
  expect(withFreeWorker.sentence).toBe(
    "The task is at queue position 1, and 1 of 2 workers is idle: it will be claimed in a moment.",
  );
  expect((await diagnoseAt(id, run_at, 300)).sentence).toBe(
    "The task is at queue position 1, and 1 of 2 workers is idle, but it has been waiting for 5 min 0 s: a worker may be registered without listening for tasks.",
  );

  await api.claim(other.id);
  await api.submit(room, job.full_name);
  const { id: last } = await api.submit(room, job.full_name);
  await api.claim(worker);
  expect((await diagnose(last)).sentence).toMatch(
    /^2 of 2 workers are busy, and the task is at queue position 1\.$/,
  );
});

test("the diagnosis of a claimed task contains its worker, and the diagnosis of a running task contains its progress", async () => {
  const { id, worker } = await api.createTask("claimed");
  const { sentence: _, ...claimed } = await diagnose(id);
  expect(claimed).toMatchObject({ reason: "claimed", worker_id: worker, since: expect.any(String) });
  expect((await diagnoseAt(id, claimed.since, 0.005)).sentence).toMatch(
    new RegExp(`^Worker ${worker} claimed the task \\d+ ms ago and has not started it yet\\.$`),
  );

  const step = { worker_id: worker, attempt: 1 };
  const { started_at } = ok(await api.update(id, { status: "running", ...step }));
  ok(await api.update(id, { progress: { fraction: 0.25, message: "folding" }, ...step }));
  const running = await diagnoseAt(id, started_at, 65);
  expect(running).toMatchObject({ reason: "running", progress: { fraction: 0.25 }, worker_id: worker });
  expect(running.sentence).toBe(`The task has been running for 1 min 5 s on worker ${worker}: 25%, folding.`);
});

test.each([
  ["completed", /^The task completed \d+ ms ago after running for \d+ ms\.$/],
  ["failed", /^The task failed \d+ ms ago after running for \d+ ms \(broken\)\.$/],
  ["cancelled", /^The task was cancelled \d+ ms ago\.$/],
] as const)("the diagnosis of a %s task contains the time of its end", async (status, sentence) => {
  const { id, task } = await api.createTask(status);
  await api.query(
    sql`update joblib.task set started_at = completed_at - interval '5 milliseconds'
      where id = ${id}::uuid and started_at is not null`,
  );

  const diagnosis = await diagnoseAt(id, task.completed_at, 0.005);

  expect(diagnosis).toMatchObject({ reason: "finished", status, worker_id: null });
  expect(diagnosis.sentence).toMatch(sentence);
});

test("the diagnosis of a task does not count a drained worker as online", async () => {
  const { id, worker } = await api.createTask();
  ok(await api.as("wes").post(`/workers/${worker}/drain`));

  const diagnosis = await diagnose(id);
  expect(diagnosis).toMatchObject({ reason: "no-worker", workers: 0 });
  expect(diagnosis.sentence).toBe("No worker for this job is online: the only one is draining.");
});

test("the diagnosis of a task is rejected if the task is unknown or the caller cannot read it", async () => {
  const { id } = await api.createTask();

  expectProblem(await api.as("ann").get(`/tasks/${crypto.randomUUID()}/diagnosis`), "task-not-found");
  expectProblem(await api.as("outsider").get(`/tasks/${id}/diagnosis`), "forbidden");
});
