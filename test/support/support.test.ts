import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Redis } from "ioredis";
import { Client } from "pg";
import { expect, inject, test } from "vitest";
import { eventually } from "./eventually.ts";
import { createDatabase, startPostgres } from "./postgres.ts";
import { endLeftoverProcesses, spawnProcess } from "./processes.ts";
import { startRedis } from "./redis.ts";

test("the shared PostgreSQL server responds to queries", async () => {
  expect(await select(inject("postgresUrl"), "select current_setting('max_connections') as value")).toBe(
    "200",
  );
});

test("two databases of the same server do not share tables", async () => {
  const [one, two] = await Promise.all([
    createDatabase(inject("postgresUrl")),
    createDatabase(inject("postgresUrl")),
  ]);

  await select(one, "create table only_here as select 1 as value");

  expect(await select(one, "select value from only_here")).toBe(1);
  await expect(select(two, "select value from only_here")).rejects.toThrow("does not exist");
});

test("a private PostgreSQL server does not run as root, keeps its data after a crash, and leaves no files", async () => {
  const server = await startPostgres();
  const url = await server.createDatabase();
  const directory = await select(url, "select current_setting('data_directory') as value");
  const firstPid = server.pid;
  const owner = spawnSync("ps", ["-o", "uid=", "-p", String(firstPid)], { encoding: "utf8" }).stdout.trim();
  await select(url, "create table kept as select 7 as value");
  await select(url, "checkpoint");

  await server.restart("SIGQUIT");

  expect(owner).toMatch(/^[1-9]\d*$/);
  expect(server.pid).not.toBe(firstPid);
  expect(await select(url, "select value from kept")).toBe(7);
  await server[Symbol.asyncDispose]();
  expect(existsSync(String(directory))).toBe(false);
  await expect(select(url, "select 1 as value")).rejects.toThrow("ECONNREFUSED");
});

test("the shared Redis server responds to PING", async () => {
  expect(await pingRedis(inject("redisUrl"))).toBe("PONG");
});

test("a private Redis server can be stopped and started on the same port", async () => {
  const server = await startRedis();

  await server.stop();
  await expect(pingRedis(server.url)).rejects.toThrow();
  await server.start();

  expect(await pingRedis(server.url)).toBe("PONG");
  await server[Symbol.asyncDispose]();
});

test("a spawned process reports its lines and its exit code", async () => {
  const script = "console.log('port ' + process.env.PORT); console.error('warned'); process.exitCode = 3";
  const child = spawnProcess(process.execPath, ["-e", script], { env: { PORT: "4711" } });

  const line = await child.waitForLine(/port (\d+)/);
  const exit = await child.exit;

  expect(line[1]).toBe("4711");
  expect(exit).toEqual({ code: 3, signal: null });
  expect(child.stdout()).toBe("port 4711\n");
  expect(child.stderr()).toBe("warned\n");
});

test("`waitForLine` throws an error with the output if the process ends without a matching line", async () => {
  const child = spawnProcess("/bin/sh", ["-c", "echo sorry; exit 2"]);

  await expect(child.waitForLine(/ready/, 10_000)).rejects.toThrow(/ended with \{"code":2.*\n {2}sorry/);
});

test("the error for a missing program contains the path of the program", () => {
  expect(() => spawnProcess("/nowhere/joblib")).toThrow('cannot start "/nowhere/joblib"');
});

test("`endLeftoverProcesses` ends a running process with its children, and returns a description of it", async () => {
  const child = spawnProcess("/bin/sh", ["-c", "sleep 600 & echo child $!; wait"]);
  const [, grandchild] = await child.waitForLine(/child (\d+)/);

  const leftovers = await endLeftoverProcesses();

  expect(leftovers).toEqual([expect.stringContaining(`process ${child.pid} (/bin/sh`)]);
  expect(await child.exit).toEqual({ code: null, signal: "SIGKILL" });
  await eventually(() => !existsSync(`/proc/${grandchild}`));
  expect(await endLeftoverProcesses()).toEqual([]);
});

test("a spawned process ends when its test process is killed", async () => {
  const script = `import { spawnProcess } from ${JSON.stringify(new URL("./processes.ts", import.meta.url).href)};
    console.log("started " + spawnProcess("/bin/sleep", ["600"]).pid);`;
  const parent = spawnProcess(process.execPath, ["--input-type=module-typescript", "-e", script]);
  const [, pid] = await parent.waitForLine(/started (\d+)/);

  parent.kill("SIGKILL");

  await eventually(() => spawnSync("ps", ["-p", String(pid)]).status !== 0);
});

test("`eventually` throws an error with the last value if the condition is never met", async () => {
  const never = eventually(
    () => ({ status: "pending" }),
    () => false,
    { timeoutMs: 30, what: "completion" },
  );

  await expect(never).rejects.toThrow(
    "completion was not met within 30 ms; the last value was { status: 'pending' }",
  );
});

test("standard class decorators run in test files", () => {
  const names: (string | undefined)[] = [];
  function register(_: unknown, context: ClassDecoratorContext): void {
    names.push(context.name);
  }

  @register
  class Extension {}

  expect(names).toEqual([Extension.name]);
});

async function select(url: string, sql: string): Promise<unknown> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows[0]?.value;
  } finally {
    await client.end();
  }
}

async function pingRedis(url: string): Promise<string> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return await redis.ping();
  } finally {
    redis.disconnect();
  }
}
