import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { JoblibClient } from "../../sdk/index.ts";
import { eventually } from "../support/eventually.ts";
import { findFreePort } from "../support/free-port.ts";
import { createDatabase } from "../support/postgres.ts";
import { type SpawnedProcess, spawnProcess } from "../support/processes.ts";
import { BIN, createTerminal, end, run, serve } from "./terminals.ts";

const TALKATIVE = join(import.meta.dirname, "fixtures/talkative.ts");
const TERMINAL = join(import.meta.dirname, "fixtures/terminal.py");
const LONG_WAIT = { timeoutMs: 60_000, intervalMs: 100 };

/**
 * Names and code of shell redirections that lose a command's output. `$$` is the process id of the
 * command.
 */
const LOSSY_REDIRECTIONS = [
  ["a reader that ends after one line", "> >(exec head -n 1 >/dev/null) 2>&1"],
  ["a full disk", ">/dev/full 2>&1"],
  ["a reader that has stopped", "> >(exec tail --pid=$$ -f /dev/null) 2>&1"],
] as const;

/** Runs joblib with its output redirected by bash. */
const runInto = (redirection: string, args: readonly string[], env: Record<string, string>): SpawnedProcess =>
  spawnProcess(
    "bash",
    ["-c", `exec "$@" ${redirection}`, "bash", process.execPath, BIN, ...args],
    createTerminal(env),
  );

const waitUntilReady = (url: string) =>
  eventually(async () => (await fetch(`${url}/readyz`)).ok, Boolean, LONG_WAIT);

/**
 * Creates a worker without heartbeats and waits until the server removes it, so that the server
 * logs a line.
 */
const causeLogLine = async (client: JoblibClient): Promise<void> => {
  const { id } = (await client.call("createWorker", { body: {} })).body;
  const isGone = () =>
    client.call("readWorker", { params: { worker_id: id } }).then(
      () => false,
      () => true,
    );
  await eventually(isGone, Boolean, LONG_WAIT);
  await client.call("listJobs", { params: { room_id: "lab" } });
};

const talk = async (client: JoblibClient, count: number): Promise<void> => {
  for (let index = 0; index < count; index += 1) {
    const params = { room_id: "lab", job_name: "public:e2e:Talk" };
    const { id } = (await client.call("submitTask", { params, body: {} })).body;
    expect(await client.awaitTask(id, { wait: 60 })).toMatchObject({
      status: "completed",
      result: "said",
    });
  }
};

const waitUntilRegistered = (client: JoblibClient) =>
  eventually(
    async () => {
      const { body } = await client.call("listJobs", { params: { room_id: "lab" } });
      return body?.items.some(({ full_name }) => full_name === "public:e2e:Talk");
    },
    Boolean,
    LONG_WAIT,
  );

const serverSettings = async (): Promise<Record<string, string>> => ({
  JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")),
  JOBLIB_LOG_LEVEL: "info",
  JOBLIB_WORKER_TIMEOUT_SECONDS: "1",
  JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.5",
});

describe("servers", () => {
  test.each(LOSSY_REDIRECTIONS)(
    "a server continues to work if its output goes to %s",
    async (_, redirection) => {
      const port = await findFreePort();
      const url = `http://127.0.0.1:${port}`;
      const server = runInto(redirection, ["serve", "--port", `${port}`], await serverSettings());
      await waitUntilReady(url);

      for (let line = 0; line < 2; line += 1) await causeLogLine(new JoblibClient({ url }));

      expect(await end(server)).toBe(0);
    },
    120_000,
  );

  test("a server resumes its log if the collector that reads it is restarted", async () => {
    const directory = mkdtempSync(join(tmpdir(), "joblib-log-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const fifo = join(directory, "log");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    const first = spawnProcess("cat", [fifo]);
    const port = await findFreePort();
    const server = runInto(`>"${fifo}" 2>&1`, ["serve", "--port", `${port}`], await serverSettings());
    const client = new JoblibClient({ url: `http://127.0.0.1:${port}` });
    await first.waitForLine(/is listening at/, 60_000);
    first.kill("SIGKILL");
    await first.exit;

    await causeLogLine(client);
    const second = spawnProcess("cat", [fifo]);
    await causeLogLine(client);
    await causeLogLine(client);

    await second.waitForLine(
      /^joblib: \d+ writes were discarded here because the output was blocked$/,
      10_000,
    );
    await second.waitForLine(/"swept"/, 10_000);
    expect(await end(server)).toBe(0);
    await second.exit;
  }, 120_000);
});

describe("workers", () => {
  let server: SpawnedProcess;
  let client: JoblibClient;
  let env: Record<string, string>;

  beforeAll(async () => {
    const started = await serve({ JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")) });
    server = started.server;
    client = new JoblibClient({ url: started.url });
    env = { JOBLIB_URL: started.url };
  }, 120_000);

  afterAll(async () => {
    expect(await end(server)).toBe(0);
  });

  test.each(LOSSY_REDIRECTIONS)(
    "a worker continues to work if its output and the output of its tasks go to %s",
    async (_, redirection) => {
      const worker = runInto(redirection, ["worker", TALKATIVE, "--public"], env);
      await waitUntilRegistered(client);

      await talk(client, 3);

      expect(await end(worker)).toBe(0);
    },
    120_000,
  );

  test("a worker continues to work in a paused terminal", async () => {
    const args = [TERMINAL, process.execPath, BIN, "worker", TALKATIVE, "--public"];
    const terminal = spawnProcess("python3", args, createTerminal(env));
    await terminal.waitForLine(/is connected to/, 60_000);
    terminal.kill("SIGUSR1");

    await talk(client, 2);

    // SIGUSR2 makes terminal.py close the terminal. The worker then receives SIGHUP, finishes its
    // tasks and ends, as signals.test.ts tests in detail.
    terminal.kill("SIGUSR2");
    await terminal.waitForLine(/^ended with 0$/, 30_000);
    await terminal.exit;
  }, 120_000);
});

describe("commands", () => {
  test("a command that prints a result fails if the disk is full", async () => {
    const version = runInto(">/dev/full", ["--version"], {});

    expect((await version.exit).code).toBe(2);
    expect(version.stderr()).toBe("joblib: cannot write to standard output: no space left on device\n");
  });

  test("a command that prints a result succeeds if its reader closes the pipe early", async () => {
    const help = spawnProcess(
      "bash",
      ["-c", `"$@" | head -n 1; exit "\${PIPESTATUS[0]}"`, "bash", process.execPath, BIN, "--help"],
      createTerminal(),
    );

    expect((await help.exit).code).toBe(0);
    expect(help.stdout()).toMatch(/^Usage: joblib/);
  });

  test("a command that prints a result keeps its exit code if its error output is lost", async () => {
    expect((await runInto("2>/dev/full", ["no-such-command"], {}).exit).code).toBe(
      (await run(["no-such-command"])).code,
    );
  });
});
