import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { JoblibClient } from "../../sdk/index.ts";
import { eventually } from "../support/eventually.ts";
import { createDatabase } from "../support/postgres.ts";
import { type SpawnedProcess, spawnProcess } from "../support/processes.ts";
import { BIN, createTerminal, EXTENSIONS, end, joblib, serve, startPublicWorker } from "./terminals.ts";

const TERMINAL = join(import.meta.dirname, "fixtures/terminal.py");
const LONG_WAIT = { timeoutMs: 60_000, intervalMs: 100 };
const WORKER = ["worker", EXTENSIONS, "--public"];

/** Signals whose default action would end the process at once. */
const SIGNALS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGXCPU"];

let server: SpawnedProcess;
let client: JoblibClient;
let url = "";

beforeAll(async () => {
  ({ server, url } = await serve({ JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")) }));
  client = new JoblibClient({ url });
}, 120_000);

afterAll(async () => {
  expect(await end(server)).toBe(0);
});

/** Submits a task that runs for a second, and returns its id once it runs. */
const startTask = async (): Promise<string> => {
  const params = { room_id: "lab", job_name: "public:e2e:Sleep" };
  const { id } = (await client.call("submitTask", { params, body: { payload: { seconds: 1 } } })).body;
  const status = async () => (await client.call("readTask", { params: { task_id: id } })).body?.status;
  await eventually(status, (one) => one === "running", LONG_WAIT);
  return id;
};

const expectCompleted = async (id: string): Promise<void> =>
  expect(await client.awaitTask(id, { wait: 60 })).toMatchObject({
    status: "completed",
    result: "done",
  });

describe("workers", () => {
  test.each(SIGNALS)("a worker finishes its task at %s, and exits with code 0", async (signal) => {
    const worker = await startPublicWorker(url);
    const id = await startTask();

    worker.kill(signal);

    expect(await worker.exit).toEqual({ code: 0, signal: null });
    await expectCompleted(id);
  }, 120_000);

  test("a worker finishes its task when its terminal closes", async () => {
    const terminal = spawnProcess(
      "python3",
      [TERMINAL, process.execPath, BIN, ...WORKER],
      createTerminal({ JOBLIB_URL: url }),
    );
    await terminal.waitForLine(/is connected to/, 60_000);
    const id = await startTask();

    terminal.kill("SIGUSR2");

    await terminal.waitForLine(/^ended with 0$/, 60_000);
    await terminal.exit;
    await expectCompleted(id);
  }, 120_000);

  test("a worker ignores SIGHUP under nohup", async () => {
    const shell = spawnProcess(
      "bash",
      ["-c", 'nohup "$@" & echo "worker $!"; wait $!', "bash", process.execPath, BIN, ...WORKER],
      createTerminal({ JOBLIB_URL: url }),
    );
    const [, pid] = await shell.waitForLine(/worker (\d+)/);
    await shell.waitForLine(/is connected to/, 60_000);

    process.kill(Number(pid), "SIGHUP");
    await expectCompleted(await startTask());

    process.kill(Number(pid), "SIGTERM");
    expect((await shell.exit).code).toBe(0);
  }, 120_000);
});

test.each(
  SIGNALS,
)("a server that receives %s answers its long polls and exits with code 0", async (signal) => {
  const own = await serve({ JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")) });
  const { id } = (await new JoblibClient({ url: own.url }).call("createWorker", { body: {} })).body;
  const claim = fetch(`${own.url}/v1/joblib/tasks/claim`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=60" },
    body: JSON.stringify({ worker_id: id }),
  });
  // The metrics count the request as soon as the server keeps the request open.
  await eventually(
    async () => /joblib_long_polls_open\S* 1\b/.test(await (await fetch(`${own.url}/metrics`)).text()),
    Boolean,
    LONG_WAIT,
  );

  own.server.kill(signal);

  expect((await claim).ok).toBe(true);
  expect(await own.server.exit).toEqual({ code: 0, signal: null });
}, 120_000);

test("`joblib dev` finishes its task at SIGHUP, and exits with code 0", async () => {
  const dev = joblib(["dev", EXTENSIONS, "--port", "0"]);
  const [own] = await dev.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, 120_000);
  await dev.waitForLine(/public:e2e:Sleep/, 120_000);
  const outside = new JoblibClient({ url: own });
  const params = { room_id: "lab", job_name: "public:e2e:Sleep" };
  const { id } = (await outside.call("submitTask", { params, body: { payload: { seconds: 1 } } })).body;
  await dev.waitForLine(/started/, 120_000);

  dev.kill("SIGHUP");

  await dev.waitForLine(new RegExp(`${id} .* completed`), 120_000);
  expect(await dev.exit).toEqual({ code: 0, signal: null });
}, 240_000);
