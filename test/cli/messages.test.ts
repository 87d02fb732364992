import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { startFakeApi } from "./fake-api.ts";
import { runCli } from "./run-cli.ts";
import { aJob, aPage, aProblem, aTask } from "./wire-values.ts";

const JOB = "public:modifiers:Rotate";

describe("error messages", () => {
  test.each([
    ["job-not-found", /^joblib: A sentence\. Run `joblib jobs list` to list the available jobs\.\n$/],
    ["route-not-found", /^joblib: A sentence\. Check --url or JOBLIB_URL; .*\.\n$/],
    [
      "task-not-found",
      /^joblib: A sentence\. Check the id, or run `joblib tasks list` to list the tasks of a room\.\n$/,
    ],
    ["unauthorized", /^joblib: A sentence\. Pass a valid token with --token or JOBLIB_TOKEN\.\n$/],
    ["forbidden", /^joblib: A sentence\. Run `joblib doctor` to see what your token allows\.\n$/],
  ] as const)("an error message contains advice for the problem %s", async (id, line) => {
    await using api = await startFakeApi(() => aProblem(id, { detail: "A sentence." }));

    const { stderr } = await runCli(["jobs", "show", JOB, "--url", api.url]);

    expect(stderr).toMatch(line);
  });

  test("an error message recommends checking the URL or starting a server if the server is unreachable", async () => {
    const { stderr } = await runCli(["jobs", "list", "--url", "http://127.0.0.1:1"]);

    expect(stderr).toMatch(/\. Check --url or JOBLIB_URL, or start a server with `joblib serve`\.\n$/);
  });

  test("`--json` prints an error as the problem document of the server, without advice", async () => {
    await using api = await startFakeApi(() => aProblem("job-not-found", { detail: "A sentence." }));

    const { stderr } = await runCli(["jobs", "show", JOB, "--url", api.url, "--json"]);

    expect(JSON.parse(stderr)).toMatchObject({ detail: "A sentence." });
  });

  test("an error message asks for a file if the argument is a directory", async () => {
    const directory = mkdtempSync(join(tmpdir(), "joblib-messages-"));

    expect(await runCli(["worker", directory, "--public"])).toMatchObject({
      exitCode: 2,
      stderr: `joblib: ${directory} is a directory. Pass the file that exports the extensions.\n`,
    });
  });

  test.each([
    [["token", "create", "--sub", ""], "--sub"],
    [["serve", "--host", ""], "--host"],
    [["worker", ""], "<file>"],
  ])("an error message names the option or argument with an empty value in %j", async (argv, name) => {
    expect(await runCli(argv)).toMatchObject({ exitCode: 2, stderr: `joblib: ${name}: must not be empty\n` });
  });
});

test("`tasks list` truncates the start of job names at 80 columns, so that they stay distinguishable", async () => {
  const created_at = new Date(Date.now() - 3 * 60_000).toISOString();
  const tasks = ["Descriptors", "Substructure"].map((name) =>
    aTask({ job_name: `public:chemistry:${name}`, created_at, error: "why it failed ".repeat(9) }),
  );
  await using api = await startFakeApi(() => aPage(tasks));

  const { stdout } = await runCli(["tasks", "list", "--url", api.url], {
    terminal: 80,
    env: { NO_COLOR: "1" },
  });

  const lines = stdout.trimEnd().split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines[1]).toMatch(/ {2}3m {3}….*Descriptors {2}why it …$/);
  expect(lines[2]).toMatch(/ {2}3m {3}….*Substructure {2}why it …$/);
});

test("`jobs show` lists required parameters first, and omits the pattern of a parameter with a format", async () => {
  const schema = {
    type: "object",
    required: ["when"],
    properties: {
      note: { type: "string", pattern: `^${"a?".repeat(100)}$` },
      when: { type: "string", format: "date-time", pattern: "^\\d+" },
    },
  };
  await using api = await startFakeApi(() => ({ status: 200, body: aJob({ schema }) }));

  const { stdout } = await runCli(["jobs", "show", JOB, "--url", api.url]);

  const [heading = "", ...rows] = stdout.slice(stdout.indexOf("PARAMETER")).trimEnd().split("\n");
  expect(heading).toMatch(/^PARAMETER +TYPE/);
  expect(rows[0]).toMatch(/^when +string date-time +yes/);
  expect(rows[1]).toMatch(/^note +string \/\^(a\?)+…\/ +no/);
  expect(rows[1]?.length).toBeLessThan(80);
});

test("`serve --print-settings` lists every variable, including variables that are not set", async () => {
  const { stdout } = await runCli(["serve", "--print-settings"], {
    env: { JOBLIB_JWT_SECRET: "s".repeat(32), JOBLIB_ALLOWED_CATEGORIES: "a,b" },
  });

  expect(stdout).toMatch(/^JOBLIB_PORT=7800$/m);
  expect(stdout).toMatch(/^JOBLIB_JWT_SECRET=\*\*\*$/m);
  expect(stdout).toMatch(/^JOBLIB_ALLOWED_CATEGORIES=a,b$/m);
  expect(stdout).toMatch(/^# JOBLIB_TASK_RETENTION_DAYS is not set$/m);
});

test("`serve` warns only about a JOBLIB_ variable that is unknown", async () => {
  const { stderr } = await runCli(["serve", "--print-settings"], {
    env: { JOBLIB_DATABSE_URL: "postgres://db/joblib", JOBLIB_TOKEN: "t", JOBLIB_PORT: "1" },
  });

  expect(stderr).toBe(
    "ignoring unknown setting JOBLIB_DATABSE_URL. Run `joblib serve --print-settings` to list the settings.\n",
  );
});

test("`serve` logs only warnings on a terminal, unless a log level is set", async () => {
  const serve = (env: Record<string, string>, terminal?: number) =>
    runCli(["serve", "--print-settings"], { env, ...(terminal && { terminal }) });

  expect((await serve({}, 80)).stdout).toMatch(/^JOBLIB_LOG_LEVEL=warn$/m);
  expect((await serve({})).stdout).toMatch(/^JOBLIB_LOG_LEVEL=info$/m);
  expect((await serve({ JOBLIB_LOG_LEVEL: "debug" }, 80)).stdout).toMatch(/^JOBLIB_LOG_LEVEL=debug$/m);
});

test("`migrate --check` does not create a missing database", { timeout: 60_000 }, async () => {
  const dataDir = join(mkdtempSync(join(tmpdir(), "joblib-check-")), "none");

  const { exitCode, stdout } = await runCli(["migrate", "--check", "--data-dir", dataDir]);

  expect(exitCode).toBe(EXIT.conflict);
  expect(stdout).toContain("initial");
  expect(existsSync(dataDir)).toBe(false);
});
