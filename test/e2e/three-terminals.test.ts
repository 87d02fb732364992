import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Task } from "../../protocol/index.ts";
import { eventually } from "../support/eventually.ts";
import { createDatabase } from "../support/postgres.ts";
import type { SpawnedProcess } from "../support/processes.ts";
import { type Environment, end, run, serve, work } from "./terminals.ts";

const status = async (id: string, env: Environment) =>
  Task.parse(JSON.parse((await run(["tasks", "status", id, "--json"], env)).stdout));

const submit = async (args: readonly string[], env: Environment) => {
  const { code, stdout, stderr } = await run(["tasks", "submit", ...args, "--json"], env);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return Task.parse(JSON.parse(stdout));
};

const scenarios = [
  { name: "on the embedded database", servers: 1, settings: async () => ({}) },
  {
    name: "on PostgreSQL and Redis, with two servers side by side",
    servers: 2,
    settings: async () => ({
      JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")),
      JOBLIB_REDIS_URL: inject("redisUrl"),
    }),
  },
];

describe.each(scenarios)("joblib $name", ({ servers, settings }) => {
  const processes: SpawnedProcess[] = [];
  let here: Environment = {};
  let there: Environment = {};
  let worker: SpawnedProcess;

  beforeAll(async () => {
    const env = await settings();
    const started = await Promise.all(Array.from({ length: servers }, () => serve(env)));
    processes.push(...started.map(({ server }) => server));
    const urls = started.map(({ url }) => url);
    here = { JOBLIB_URL: urls.at(0) ?? "", JOBLIB_ROOM: "lab" };
    there = { JOBLIB_URL: urls.at(-1) ?? "", JOBLIB_ROOM: "lab" };
    worker = await work(urls.at(-1) ?? "", ["--concurrency", "2"]);
  });

  afterAll(async () => {
    expect(await end(worker)).toBe(0);
    expect(await Promise.all(processes.map(end))).toEqual(processes.map(() => 0));
  });

  test("a task is submitted here, run there, and its result is printed", async () => {
    const { code, stdout } = await run(
      ["tasks", "submit", "public:e2e:Echo", "--set", "text=world", "--wait", "--json"],
      here,
    );

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "completed",
      result: { said: "hello world", pid: worker.pid },
      attempt: 1,
      runs: 1,
    });
  });

  test("a task that failed is shown by status with 0, and with --wait by 1", async () => {
    const task = await submit(["public:e2e:Fail", "--payload", '{"message":"no atoms"}'], here);

    const waited = await run(["tasks", "status", task.id, "--wait"], here);
    const looked = await run(["tasks", "status", task.id], there);

    expect(waited.code).toBe(1);
    expect(looked.code).toBe(0);
    expect(looked.stdout).toContain("no atoms");
  });

  test("a running task is cancelled, and its worker lets go of it", async () => {
    const task = await submit(["public:e2e:Hold"], here);
    await eventually(
      () => status(task.id, there),
      ({ status, progress }) => status === "running" && progress?.message === "holding",
      { timeoutMs: 15_000 },
    );

    const cancelled = await run(["tasks", "cancel", task.id], here);
    const waited = await run(["tasks", "status", task.id, "--wait"], there);

    expect(cancelled.code).toBe(0);
    expect(waited.code).toBe(10);
    await worker.waitForLine(new RegExp(`${task.id.slice(0, 8)}.*(cancelled|stopped|lost)`), 15_000);
  });

  test("a payload that does not fit is refused, and nothing is kept", async () => {
    const { code, stderr } = await run(
      ["tasks", "submit", "public:e2e:Echo", "--payload", '{"text":1}'],
      here,
    );

    expect(code).toBe(5);
    expect(stderr).toContain("text");
  });

  test("a failed task can be opened again", async () => {
    const task = await submit(["public:e2e:Fail"], here);
    await run(["tasks", "status", task.id, "--wait"], here);

    expect((await run(["tasks", "retry", task.id], here)).code).toBe(0);

    await run(["tasks", "status", task.id, "--wait"], here);
    expect(await status(task.id, here)).toMatchObject({ status: "failed", attempt: 2, runs: 1 });
  });

  test("jobs, workers and tasks are listed", async () => {
    const jobs = await run(["jobs", "list"], here);
    const workers = await run(["workers", "list"], here);
    const tasks = await run(["tasks", "list", "--json"], here);

    expect(jobs.stdout).toContain("public:e2e:Echo");
    expect(workers.code).toBe(0);
    expect(JSON.parse(tasks.stdout).total).toBeGreaterThan(0);
  });
});
