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
  const quick = { sweeper_interval_seconds: 0.1, worker_timeout_threshold: 2 };
  app = await createServer({ settings: parseSettings({}, { ...quick, log_level: "silent", database_url }) });
});
afterAll(() => app.close());

const send: ReturnType<typeof createSender> = (method, url, options) =>
  createSender(app)(method, url, options);
const metric = (name: string) => getMetric(app, name);

let count = 0;
/** A job with a worker of its own. */
const aJob = async (room = "lab") => {
  const name = `Job${++count}`;
  const registration = { category: "metered", name, schema: {} };
  const { worker_id, full_name } = await send<Job & { worker_id: string }>("PUT", `/rooms/${room}/jobs`, {
    body: registration,
  });
  const submit = (body: object = {}) => send<Task>("POST", `/rooms/${room}/tasks/${full_name}`, { body });
  const claim = async (start = true) =>
    (await send<{ task: Task }>("POST", "/tasks/claim", { body: { worker_id, start } })).task;
  const step = ({ id, attempt }: Task, body: object) =>
    send<Task>("PATCH", `/tasks/${id}`, { body: { worker_id, attempt, ...body } });
  return { name, worker_id, full_name, submit, claim, step };
};

const AGAIN = { max_attempts: 2, backoff: { kind: "fixed", seconds: 0 } };

/** What some metrics have grown by meanwhile. */
const growth = async (names: readonly string[], work: () => Promise<void>) => {
  const before = await scrape(app);
  await work();
  const after = await scrape(app);
  return Object.fromEntries(names.map((name) => [name, (after.get(name) ?? 0) - (before.get(name) ?? 0)]));
};

const database = async (statement: ReturnType<typeof sql>) => {
  const orm = await openDatabase({ url: database_url });
  await statement.execute(orm.em.fork().getKysely());
  await orm.close();
};

describe("the metrics of tasks", () => {
  test("count submits, claims and ends by their kind", async () => {
    const { submit, claim, step } = await aJob();
    const names = [
      "joblib_tasks_submitted_total",
      "joblib_tasks_claimed_total",
      "joblib_tasks_reopened_total",
      'joblib_tasks_ended_total{status="completed"}',
      'joblib_tasks_ended_total{status="failed"}',
      'joblib_tasks_ended_total{status="cancelled"}',
      'joblib_attempts_failed_total{reason="reported"}',
    ];

    const grown = await growth(names, async () => {
      await submit();
      await step(await claim(), { status: "completed" });
      await submit(AGAIN);
      await step(await claim(), { status: "failed", error: "once" });
      const failed = await step(await claim(), { status: "failed", error: "twice" });
      await send("POST", `/tasks/${failed.id}/retry`);
      await send("PATCH", `/tasks/${failed.id}`, { body: { status: "cancelled" } });
    });

    expect(Object.values(grown)).toEqual([2, 3, 1, 1, 1, 1, 2]);
  });

  test("tell attempts that took too long from those whose worker died, and from claims that were given back", async () => {
    const { submit, claim, worker_id } = await aJob();
    const timedOut = 'joblib_attempts_failed_total{reason="timed_out"}';
    const lost = 'joblib_attempts_failed_total{reason="lost"}';
    const names = [timedOut, lost, "joblib_tasks_put_back_total"];

    const grown = await growth(names, async () => {
      await submit({ timeout_seconds: 60 });
      await claim();
      await database(
        sql`update joblib.task set started_at = started_at - interval '1 hour' where status = 'running'`,
      );
      await eventually(async () => (await metric(timedOut)) > 0);
      await submit();
      const { id } = await claim(false);
      await send("POST", `/workers/${worker_id}/release`, { body: { tasks: [id] } });
      await claim();
      // Nothing is heard of the worker from now on.
      await eventually(async () => (await metric(lost)) > 0, Boolean, { timeoutMs: 20_000 });
    });

    expect(Object.values(grown)).toEqual([1, 1, 1]);
  });

  test("are histograms of waits and runs, by the names of global jobs alone", async () => {
    const own = await aJob();
    const global = await aJob("@global");
    const label = `job_name="public:metered:${global.name}"`;
    const names = ["wait", "run"].flatMap((what) => [
      `joblib_task_${what}_seconds_count{${label}}`,
      `joblib_task_${what}_seconds_count{job_name="other"}`,
    ]);

    const grown = await growth(names, async () => {
      for (const { submit, claim, step } of [own, global]) {
        await submit();
        await step(await claim(), { status: "completed" });
      }
    });

    expect(Object.values(grown)).toEqual([1, 1, 1, 1]);
    expect(await metric(`joblib_task_wait_seconds_sum{${label}}`)).toBeLessThan(60);
    expect([...(await scrape(app)).keys()].join("\n")).not.toContain(own.name);
  });

  test("count completions that are not told whole, with their runs, under their jobs' names", async () => {
    const global = await aJob("@global");
    const names = [
      'joblib_tasks_ended_total{status="completed"}',
      `joblib_task_run_seconds_count{job_name="public:metered:${global.name}"}`,
    ];

    const grown = await growth(names, async () => {
      for (let index = 0; index < 3; index += 1) await global.submit();
      const tasks = [await global.claim(), await global.claim(), await global.claim()];
      const updates = tasks.map(({ id, attempt }) => ({ id, attempt, status: "completed" }));
      const body = { updates };
      const url = `/workers/${global.worker_id}/tasks`;
      const { results } = await send<{ results: object[] }>("PATCH", url, { body, prefer: "return=minimal" });
      expect(results.every((one) => !("task" in one || "problem" in one))).toBe(true);
    });

    expect(Object.values(grown)).toEqual([3, 3]);
  });

  test("show each global job's depth and age, and the others' together", async () => {
    const own = await aJob();
    const global = await aJob("@global");
    const job = `{job_name="public:metered:${global.name}"}`;
    for (const { submit } of [own, global, global]) await submit();
    await database(sql`update joblib.task set run_at = run_at - interval '1 hour' where status = 'pending'`);

    await eventually(async () => (await metric(`joblib_job_due_tasks${job}`)) === 2);
    await eventually(async () => (await metric(`joblib_job_oldest_seconds${job}`)) >= 3600);
    expect(await metric('joblib_job_due_tasks{job_name="other"}')).toBeGreaterThan(0);
    expect(await metric('joblib_job_oldest_seconds{job_name="other"}')).toBeGreaterThanOrEqual(3600);
  });

  test("count late results, kept and adopted", async () => {
    const { submit, claim, step } = await aJob();
    const names = ["kept", "adopted"].map((what) => `joblib_late_results_total{what="${what}"}`);

    const grown = await growth([...names, 'joblib_tasks_ended_total{status="completed"}'], async () => {
      await submit();
      const task = await claim();
      await send("PATCH", `/tasks/${task.id}`, { body: { status: "cancelled" } });
      await expect(step(task, { status: "completed", result: 1 })).rejects.toThrow("409");
      await send("POST", `/tasks/${task.id}/adopt`);
    });

    expect(Object.values(grown)).toEqual([1, 1, 1]);
  });
});
