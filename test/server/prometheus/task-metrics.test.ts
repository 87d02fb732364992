import type { FastifyInstance } from "fastify";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Job, Task } from "../../../protocol/index.ts";
import { createServer, openDatabase, parseSettings } from "../../../server/index.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";
import { createSender, getMetric, scrape } from "./scrape.ts";

let app: FastifyInstance;
let database_url = "";
beforeAll(async () => {
  database_url = await createDatabase(inject("postgresUrl"));
  const quick = { sweeper_interval_seconds: 0.1, worker_timeout_seconds: 2 };
  app = await createServer({ settings: parseSettings({}, { ...quick, log_level: "silent", database_url }) });
});
afterAll(() => app.close());

const send: ReturnType<typeof createSender> = (method, url, options) =>
  createSender(app)(method, url, options);
const get = (name: string) => getMetric(app, name);

let count = 0;
/** Registers a job with a worker, and returns functions that submit, claim and update its tasks. */
const registerJob = async (room = "lab") => {
  const name = `Job${++count}`;
  const registration = { category: "metered", name, schema: {} };
  const { worker_id, full_name } = await send<Job & { worker_id: string }>("PUT", `/rooms/${room}/jobs`, {
    body: registration,
  });
  const submit = (body: object = {}) => send<Task>("POST", `/rooms/${room}/tasks/${full_name}`, { body });
  const claim = async (start = true) =>
    (await send<{ task: Task }>("POST", "/tasks/claim", { body: { worker_id, start } })).task;
  const update = ({ id, attempt }: Task, body: object) =>
    send<Task>("PATCH", `/tasks/${id}`, { body: { worker_id, attempt, ...body } });
  return { name, worker_id, full_name, submit, claim, update };
};

const RETRY_ONCE = { max_attempts: 2, backoff: { kind: "fixed", seconds: 0 } };

/** Returns the increase of each metric during `work`. */
const measureIncrease = async (names: readonly string[], work: () => Promise<void>) => {
  const before = await scrape(app);
  await work();
  const after = await scrape(app);
  return Object.fromEntries(names.map((name) => [name, (after.get(name) ?? 0) - (before.get(name) ?? 0)]));
};

const execute = async (statement: ReturnType<typeof sql>) => {
  const orm = await openDatabase({ url: database_url });
  await statement.execute(orm.em.fork().getKysely());
  await orm.close();
};

describe("task metrics", () => {
  test("the task metrics count submitted, claimed, retried and ended tasks", async () => {
    const { submit, claim, update } = await registerJob();
    const names = [
      "joblib_tasks_submitted_total",
      "joblib_tasks_claimed_total",
      "joblib_tasks_retried_total",
      'joblib_tasks_ended_total{status="completed"}',
      'joblib_tasks_ended_total{status="failed"}',
      'joblib_tasks_ended_total{status="cancelled"}',
      'joblib_attempts_failed_total{reason="reported"}',
    ];

    const increase = await measureIncrease(names, async () => {
      await submit();
      await update(await claim(), { status: "completed" });
      await submit(RETRY_ONCE);
      await update(await claim(), { status: "failed", error: "once" });
      const failed = await update(await claim(), { status: "failed", error: "twice" });
      await send("POST", `/tasks/${failed.id}/retry`);
      await send("PATCH", `/tasks/${failed.id}`, { body: { status: "cancelled" } });
    });

    expect(Object.values(increase)).toEqual([2, 3, 1, 1, 1, 1, 2]);
  });

  test("the task metrics count timed-out attempts, attempts lost with their worker and requeued claims separately", async () => {
    const { submit, claim, worker_id } = await registerJob();
    const timedOut = 'joblib_attempts_failed_total{reason="timed_out"}';
    const lost = 'joblib_attempts_failed_total{reason="lost"}';
    const names = [timedOut, lost, "joblib_tasks_requeued_total"];

    const increase = await measureIncrease(names, async () => {
      await submit({ timeout_seconds: 60 });
      await claim();
      await execute(
        sql`update joblib.task set started_at = started_at - interval '1 hour' where status = 'running'`,
      );
      await eventually(async () => (await get(timedOut)) > 0);
      await submit();
      const { id } = await claim(false);
      await send("POST", `/workers/${worker_id}/release`, { body: { tasks: [id] } });
      await claim();
      // The worker sends no more heartbeats, so it is declared dead.
      await eventually(async () => (await get(lost)) > 0, Boolean, { timeoutMs: 20_000 });
    });

    expect(Object.values(increase)).toEqual([1, 1, 1]);
  });

  test("the task metrics record wait and run times, with the job's name only for public jobs", async () => {
    const roomJob = await registerJob();
    const globalJob = await registerJob("@global");
    const label = `job_name="public:metered:${globalJob.name}"`;
    const names = ["wait", "run"].flatMap((kind) => [
      `joblib_task_${kind}_seconds_count{${label}}`,
      `joblib_task_${kind}_seconds_count{job_name="other"}`,
    ]);

    const increase = await measureIncrease(names, async () => {
      for (const { submit, claim, update } of [roomJob, globalJob]) {
        await submit();
        await update(await claim(), { status: "completed" });
      }
    });

    expect(Object.values(increase)).toEqual([1, 1, 1, 1]);
    expect(await get(`joblib_task_wait_seconds_sum{${label}}`)).toBeLessThan(60);
    expect([...(await scrape(app)).keys()].join("\n")).not.toContain(roomJob.name);
  });

  test("the task metrics count completions with minimal responses, including their run times by job name", async () => {
    const globalJob = await registerJob("@global");
    const names = [
      'joblib_tasks_ended_total{status="completed"}',
      `joblib_task_run_seconds_count{job_name="public:metered:${globalJob.name}"}`,
    ];

    const increase = await measureIncrease(names, async () => {
      for (let index = 0; index < 3; index += 1) await globalJob.submit();
      const tasks = [await globalJob.claim(), await globalJob.claim(), await globalJob.claim()];
      const updates = tasks.map(({ id, attempt }) => ({ id, attempt, status: "completed" }));
      const body = { updates };
      const url = `/workers/${globalJob.worker_id}/tasks`;
      const { results } = await send<{ results: object[] }>("PATCH", url, { body, prefer: "return=minimal" });
      expect(results.every((result) => !("task" in result || "problem" in result))).toBe(true);
    });

    expect(Object.values(increase)).toEqual([3, 3]);
  });

  test("the task metrics include the number and the age of the due tasks of each public job, and of all other jobs together", async () => {
    const roomJob = await registerJob();
    const globalJob = await registerJob("@global");
    const job = `{job_name="public:metered:${globalJob.name}"}`;
    for (const { submit } of [roomJob, globalJob, globalJob]) await submit();
    await execute(sql`update joblib.task set run_at = run_at - interval '1 hour' where status = 'pending'`);

    await eventually(async () => (await get(`joblib_job_due_tasks${job}`)) === 2);
    await eventually(async () => (await get(`joblib_job_due_task_age_seconds${job}`)) >= 3600);
    expect(await get('joblib_job_due_tasks{job_name="other"}')).toBeGreaterThan(0);
    expect(await get('joblib_job_due_task_age_seconds{job_name="other"}')).toBeGreaterThanOrEqual(3600);
  });

  test("the task metrics count late results that are stored or adopted", async () => {
    const { submit, claim, update } = await registerJob();
    const names = ["stored", "adopted"].map((outcome) => `joblib_late_results_total{outcome="${outcome}"}`);

    const increase = await measureIncrease(
      [...names, 'joblib_tasks_ended_total{status="completed"}'],
      async () => {
        await submit();
        const task = await claim();
        await send("PATCH", `/tasks/${task.id}`, { body: { status: "cancelled" } });
        await expect(update(task, { status: "completed", result: 1 })).rejects.toThrow("409");
        await send("POST", `/tasks/${task.id}/adopt`);
      },
    );

    expect(Object.values(increase)).toEqual([1, 1, 1]);
  });
});
