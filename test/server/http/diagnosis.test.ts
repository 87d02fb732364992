import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Diagnosis } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok, parseBody } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { worker_timeout_threshold: 60 } });
});
afterAll(() => api.close());

const diagnose = async (id: string, user = "ann") =>
  parseBody(Diagnosis, await api.as(user).get(`/tasks/${id}/diagnosis`));

test("a task that is not due says when it will be", async () => {
  const { room, job } = await api.createTask();
  const { id, run_at } = await api.submit(room, job.full_name, { delay_seconds: 3600 });

  const { reason, sentence, run_at: told, queue_position } = await diagnose(id);

  expect({ reason, told, queue_position }).toEqual({ reason: "not-due", told: run_at, queue_position: null });
  expect(sentence).toMatch(
    /^It is not to begin before \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, which is in (59 min 5\d s|60 min 0 s|1 h 0 min)\.$/,
  );
});

test("a task that failed and is tried again says which attempt failed, of what, and when the next begins", async () => {
  const { id, worker } = await api.createTask("running", {
    task: { max_attempts: 3, backoff: { kind: "fixed", seconds: 120, jitter: 0 } },
  });
  ok(
    await api.update(id, {
      status: "failed",
      worker_id: worker,
      attempt: 1,
      error: "no more room\nat line 3",
    }),
  );

  const { reason, sentence } = await diagnose(id);

  expect(reason).toBe("retrying");
  expect(sentence).toMatch(
    /^Attempt 1 of 3 failed \(no more room\); the next begins at [\d-]+ [\d:]+ UTC, in (1 min 59 s|2 min 0 s) at the earliest\.$/,
  );
});

test("without a worker it says so, and since when", async () => {
  const { id, worker } = await api.createTask();
  await api.ageWorker(worker, 600);

  const silent = await diagnose(id);
  expect(silent).toMatchObject({ reason: "no-worker", workers: 0, last_worker_at: expect.any(String) });
  expect(silent.sentence).toBe(
    "No worker that could run it is online; one was last heard of 10 min 0 s ago.",
  );

  ok(await api.as("wes").delete(`/workers/${worker}`), 204);
  const gone = await diagnose(id);
  expect(gone).toMatchObject({ reason: "no-worker", last_worker_at: null });
  expect(gone.sentence).toBe("No worker that could run it is online.");
});

test("with every worker busy it tells their number, its place, and about when its turn is", async () => {
  const { room, job, worker, id: first } = await api.createTask("running");
  await api.ageTask(first, 10);
  ok(await api.update(first, { status: "completed", worker_id: worker, attempt: 1, result: 1 }));
  for (let count = 0; count < 2; count += 1) await api.submit(room, job.full_name);
  await api.claim(worker, { start: true });
  const { id } = await api.submit(room, job.full_name);

  const { reason, sentence, workers, busy_workers, queue_position, expected_at } = await diagnose(id);

  expect({ reason, workers, busy_workers, queue_position }).toEqual({
    reason: "workers-busy",
    workers: 1,
    busy_workers: 1,
    queue_position: 2,
  });
  expect(sentence).toMatch(
    /^The only worker that can run it is busy, and it is number 2 in the queue; such a task takes 10\.\d s, so its turn is in about 20\.\d s\.$/,
  );
  expect(Date.parse(expected_at ?? "") - Date.now()).toBeGreaterThan(15_000);
});

test("of several workers it tells how many are busy", async () => {
  const { room, job, worker } = await api.createTask("running");
  const other = await api.createWorker();
  ok(
    await api.as("wes").put(`/rooms/${room}/jobs`, {
      body: { category: job.category, name: job.name, schema: job.schema, worker_id: other.id },
    }),
  );
  const { id } = await api.submit(room, job.full_name);

  const free = await diagnose(id);
  expect(free).toMatchObject({ reason: "next", workers: 2, busy_workers: 1 });
  expect(free.sentence).toBe(
    "It is number 1 in the queue, and 1 worker of 2 is free: it is about to be taken.",
  );
  await api.query(sql`update joblib.task set run_at = now() - interval '5 minutes' where id = ${id}::uuid`);
  expect((await diagnose(id)).sentence).toBe(
    "It is number 1 in the queue, and 1 worker of 2 is free, but it has waited for 5 min 0 s: a worker may have registered without listening.",
  );

  await api.claim(other.id);
  await api.submit(room, job.full_name);
  const { id: last } = await api.submit(room, job.full_name);
  await api.claim(worker);
  expect((await diagnose(last)).sentence).toMatch(
    /^2 of 2 workers are busy, and it is number 1 in the queue\.$/,
  );
});

test("a claimed task names who took it, a running one how far it is", async () => {
  const { id, worker } = await api.createTask("claimed");
  expect(await diagnose(id)).toMatchObject({
    reason: "claimed",
    worker_id: worker,
    since: expect.any(String),
  });
  expect((await diagnose(id)).sentence).toMatch(
    new RegExp(`^Worker ${worker} took it \\d+ ms ago and has not begun yet\\.$`),
  );

  const step = { worker_id: worker, attempt: 1 };
  ok(await api.update(id, { status: "running", ...step }));
  ok(await api.update(id, { progress: { fraction: 0.25, message: "folding" }, ...step }));
  await api.ageTask(id, 65);
  const running = await diagnose(id);
  expect(running).toMatchObject({ reason: "running", progress: { fraction: 0.25 }, worker_id: worker });
  expect(running.sentence).toBe(`It has been running for 1 min 5 s on worker ${worker}, at 25 %, folding.`);
});

test.each([
  ["completed", /^It completed \d+ ms ago, after \d+ ms\.$/],
  ["failed", /^It failed \d+ ms ago, after \d+ ms \(broken\)\.$/],
  ["cancelled", /^It was cancelled \d+ ms ago\.$/],
] as const)("a task that is %s says since when", async (status, sentence) => {
  const { id } = await api.createTask(status);

  const diagnosis = await diagnose(id);

  expect(diagnosis).toMatchObject({ reason: "finished", status, worker_id: null });
  expect(diagnosis.sentence).toMatch(sentence);
});

test("a drained worker is none that could take it", async () => {
  const { id, worker } = await api.createTask();
  ok(await api.as("wes").post(`/workers/${worker}/drain`));

  const diagnosis = await diagnose(id);
  expect(diagnosis).toMatchObject({ reason: "no-worker", workers: 0 });
  expect(diagnosis.sentence).toBe("No worker that could run it is online: the one there is being drained.");
});

test("what is not there, or not to be seen, is not diagnosed", async () => {
  const { id } = await api.createTask();

  expectProblem(await api.as("ann").get(`/tasks/${crypto.randomUUID()}/diagnosis`), "task-not-found");
  expectProblem(await api.as("stranger").get(`/tasks/${id}/diagnosis`), "forbidden");
});
