import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Task } from "../../protocol/index.ts";
import { eventually } from "../support/eventually.ts";
import { createDatabase } from "../support/postgres.ts";
import type { SpawnedProcess } from "../support/processes.ts";
import { type Environment, end, run, serve, startPublicWorker } from "./terminals.ts";

const readTask = async (id: string, env: Environment) =>
  Task.parse(JSON.parse((await run(["tasks", "status", id, "--json"], env)).stdout));

const submit = async (args: readonly string[], env: Environment) => {
  const { code, stdout, stderr } = await run(["tasks", "submit", ...args, "--json"], env);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return Task.parse(JSON.parse(stdout));
};

const scenarios = [
  { name: "on the embedded database", servers: 1, settings: async () => ({}) },
  {
    name: "on PostgreSQL and Redis, with two servers",
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
    worker = await startPublicWorker(urls.at(-1) ?? "", ["--concurrency", "2"]);
  });

  afterAll(async () => {
    expect(await end(worker)).toBe(0);
    expect(await Promise.all(processes.map(end))).toEqual(processes.map(() => 0));
  });

  test("`tasks submit --wait` prints the result of the task", async () => {
    const { code, stdout } = await run(
      ["tasks", "submit", "public:e2e:Echo", "--set", "text=world", "--wait", "--json"],
      here,
    );

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "completed",
      result: { text: "hello world", pid: worker.pid },
      attempt: 1,
      runs: 1,
    });
  });

  test("`tasks status` exits with 0 for a failed task, and with 1 if --wait is given", async () => {
    const task = await submit(["public:e2e:Fail", "--payload", '{"message":"no atoms"}'], here);

    const waited = await run(["tasks", "status", task.id, "--wait"], here);
    const shown = await run(["tasks", "status", task.id], there);

    expect(waited.code).toBe(1);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain("no atoms");
  });

  test("`tasks cancel` stops a running task on its worker", async () => {
    const task = await submit(["public:e2e:Sleep"], here);
    await eventually(
      () => readTask(task.id, there),
      ({ status, progress }) => status === "running" && progress?.message === "sleeping",
      { timeoutMs: 15_000 },
    );

    const cancelled = await run(["tasks", "cancel", task.id], here);
    const waited = await run(["tasks", "status", task.id, "--wait"], there);

    expect(cancelled.code).toBe(0);
    expect(waited.code).toBe(10);
    await worker.waitForLine(new RegExp(`${task.id.slice(0, 8)}.*(cancelled|stopped|lost)`), 15_000);
  });

  test("`tasks submit` refuses a payload that does not match the schema", async () => {
    const { code, stderr } = await run(
      ["tasks", "submit", "public:e2e:Echo", "--payload", '{"text":1}'],
      here,
    );

    expect(code).toBe(5);
    expect(stderr).toContain("text");
  });

  test("`tasks retry` runs a failed task again", async () => {
    const task = await submit(["public:e2e:Fail"], here);
    await run(["tasks", "status", task.id, "--wait"], here);

    expect((await run(["tasks", "retry", task.id], here)).code).toBe(0);

    await run(["tasks", "status", task.id, "--wait"], here);
    expect(await readTask(task.id, here)).toMatchObject({ status: "failed", attempt: 2, runs: 1 });
  });

  test("the list commands show jobs, workers and tasks", async () => {
    const jobs = await run(["jobs", "list"], here);
    const workers = await run(["workers", "list"], here);
    const tasks = await run(["tasks", "list", "--json"], here);

    expect(jobs.stdout).toContain("public:e2e:Echo");
    expect(workers.code).toBe(0);
    expect(JSON.parse(tasks.stdout).total).toBeGreaterThan(0);
  });
});
