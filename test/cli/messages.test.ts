import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { startFakeApi } from "./fake-api.ts";
import { runCli } from "./run-cli.ts";
import { aJob, aPage, aProblem, aTask } from "./wire-values.ts";

const JOB = "public:modifiers:Rotate";

describe("an error says what to do next", () => {
  test.each([
    ["job-not-found", /^joblib: .*[^.]; `joblib jobs list` shows those that there are\n$/],
    ["route-not-found", /; is the server's url right\? \(--url or JOBLIB_URL; a prefix is part of it\)\n$/],
    ["unauthorized", /; a token is given by --token or JOBLIB_TOKEN\n$/],
  ] as const)("%s", async (id, line) => {
    await using api = await startFakeApi(() => aProblem(id, { detail: "A sentence." }));

    const { stderr } = await runCli(["jobs", "show", JOB, "--url", api.url]);

    expect(stderr).toMatch(line);
    expect(stderr).not.toContain(".;");
  });

  test("where no server answers", async () => {
    const { stderr } = await runCli(["jobs", "list", "--url", "http://127.0.0.1:1"]);

    expect(stderr).toMatch(/; does a server run there\? \(`joblib serve`; --url or JOBLIB_URL\)\n$/);
  });

  test("the problem document stays the server's own", async () => {
    await using api = await startFakeApi(() => aProblem("job-not-found", { detail: "A sentence." }));

    const { stderr } = await runCli(["jobs", "show", JOB, "--url", api.url, "--json"]);

    expect(JSON.parse(stderr)).toMatchObject({ detail: "A sentence." });
  });

  test("a directory is no worker's file", async () => {
    const directory = mkdtempSync(join(tmpdir(), "joblib-messages-"));

    expect(await runCli(["worker", directory, "--public"])).toMatchObject({
      exitCode: 2,
      stderr: `joblib: ${directory} is a directory: name the file that exports the classes\n`,
    });
  });

  test.each([
    [["token", "create", "--sub", ""], "--sub"],
    [["serve", "--host", ""], "--host"],
    [["worker", ""], "<file>"],
  ])("%j must not be empty", async (argv, name) => {
    expect(await runCli(argv)).toMatchObject({ exitCode: 2, stderr: `joblib: ${name}: must not be empty\n` });
  });
});

test("at 80 columns a list of tasks still tells the jobs apart", async () => {
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

test("a job's parameters: what must be given first, and no pattern that a format says already", async () => {
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

test("serve --print-settings names every variable, those that are not set too", async () => {
  const { stdout } = await runCli(["serve", "--print-settings"], {
    env: { JOBLIB_JWT_SECRET: "s".repeat(32), JOBLIB_ALLOWED_CATEGORIES: "a,b" },
  });

  expect(stdout).toMatch(/^JOBLIB_PORT=7800$/m);
  expect(stdout).toMatch(/^JOBLIB_JWT_SECRET=\*\*\*$/m);
  expect(stdout).toMatch(/^JOBLIB_ALLOWED_CATEGORIES=a,b$/m);
  expect(stdout).toMatch(/^# JOBLIB_TASK_RETENTION_DAYS is not set$/m);
});

test("serve tells of a variable that is no setting, and of no other", async () => {
  const { stderr } = await runCli(["serve", "--print-settings"], {
    env: { JOBLIB_DATABSE_URL: "postgres://db/joblib", JOBLIB_TOKEN: "t", JOBLIB_PORT: "1" },
  });

  expect(stderr).toBe("JOBLIB_DATABSE_URL is no setting of joblib: it changes nothing\n");
});

test("a serve on a terminal logs warnings alone, unless it is told otherwise", async () => {
  const serve = (env: Record<string, string>, terminal?: number) =>
    runCli(["serve", "--print-settings"], { env, ...(terminal && { terminal }) });

  expect((await serve({}, 80)).stdout).toMatch(/^JOBLIB_LOG_LEVEL=warn$/m);
  expect((await serve({})).stdout).toMatch(/^JOBLIB_LOG_LEVEL=info$/m);
  expect((await serve({ JOBLIB_LOG_LEVEL: "debug" }, 80)).stdout).toMatch(/^JOBLIB_LOG_LEVEL=debug$/m);
});

test("migrate --check makes no database where there is none", { timeout: 60_000 }, async () => {
  const dataDir = join(mkdtempSync(join(tmpdir(), "joblib-check-")), "none");

  const { exitCode, stdout } = await runCli(["migrate", "--check", "--data-dir", dataDir]);

  expect(exitCode).toBe(EXIT.conflict);
  expect(stdout).toContain("initial");
  expect(existsSync(dataDir)).toBe(false);
});
