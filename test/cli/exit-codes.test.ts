import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import type { ProblemId } from "../../protocol/problem.ts";
import { PROBLEM_IDS } from "../../protocol/problem.ts";
import { startFakeApi } from "./fake-api.ts";
import { runCli } from "./run-cli.ts";
import { aCompletedTask, aProblem, aSubmittedTask, aTask, TASK_ID } from "./wire-values.ts";

const EXPECTED_CODES: Record<ProblemId, number> = {
  "malformed-request": 5,
  "invalid-room-id": 2,
  "invalid-category": 2,
  "invalid-job-name": 2,
  unauthorized: 4,
  forbidden: 4,
  "job-not-found": 6,
  "worker-not-found": 6,
  "task-not-found": 6,
  "provider-not-found": 6,
  "answer-not-found": 6,
  "file-not-found": 6,
  "invitation-not-found": 6,
  "route-not-found": 6,
  "method-not-allowed": 11,
  "schema-conflict": 7,
  "no-workers-available": 7,
  "invalid-task-transition": 7,
  "output-gap": 7,
  "task-lost": 7,
  "read-lost": 7,
  "file-incomplete": 7,
  "upload-conflict": 7,
  "files-not-supported": 7,
  "invitations-not-supported": 7,
  "output-too-large": 5,
  "file-too-large": 5,
  "quota-exceeded": 5,
  "payload-too-large": 5,
  "unsupported-media-type": 70,
  "range-not-satisfiable": 5,
  "validation-error": 5,
  "idempotency-conflict": 7,
  "rate-limited": 11,
  "internal-error": 11,
  "read-failed": 1,
  "provider-offline": 11,
  "service-unavailable": 11,
  "provider-timeout": 8,
  "insufficient-storage": 11,
};

describe("exit codes", () => {
  test.each(
    PROBLEM_IDS,
  )("the problem %s causes the expected exit code, and its detail is printed", async (id) => {
    await using api = await startFakeApi(() => aProblem(id));

    const plain = await runCli(["tasks", "status", TASK_ID, "--url", api.url]);
    const json = await runCli(["tasks", "status", TASK_ID, "--url", api.url, "--json"]);

    expect(plain).toEqual({
      exitCode: EXPECTED_CODES[id],
      stdout: "",
      stderr: expect.stringMatching(
        `^joblib: detail of ${id}(\\. [^\n]*)?\n(The registered schema [^\n]*\n)?$`,
      ),
    });
    expect(json.exitCode).toBe(EXPECTED_CODES[id]);
    expect(JSON.parse(json.stderr)).toMatchObject({
      type: `/v1/problems/${id}`,
      exit_code: EXPECTED_CODES[id],
    });
  });

  test("the exit code is 0 for a command that only reads a task, whatever the status of the task is", async () => {
    await using api = await startFakeApi(() => ({
      status: 200,
      body: aTask({ status: "failed", error: "no" }),
    }));

    expect(await runCli(["tasks", "status", TASK_ID, "--url", api.url])).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ["completed", 0],
    ["failed", 1],
    ["cancelled", 10],
    ["pending", 8],
    ["claimed", 8],
    ["running", 8],
  ] as const)("the exit code after `tasks status --wait 0` for a task that is %s is %i", async (status, exitCode) => {
    await using api = await startFakeApi(() => ({ status: 200, body: aTask({ status }) }));

    const outcome = await runCli(["tasks", "status", TASK_ID, "--wait", "0", "--url", api.url]);

    expect(outcome).toMatchObject({ exitCode });
    expect(outcome.stdout).toContain(status);
  });

  test("`tasks status --wait` without a number of seconds waits until the task ends, and exits with the code of the outcome", async () => {
    const answers = [aTask(), aTask({ status: "running", queue_position: null }), aCompletedTask()];
    await using api = await startFakeApi(() => ({
      status: 200,
      body: answers.length > 1 ? answers.shift() : answers[0],
      headers: { etag: `W/"${answers.length}"` },
    }));

    const outcome = await runCli(["tasks", "status", TASK_ID, "--wait", "--url", api.url, "--json"]);

    expect(outcome.exitCode).toBe(0);
    expect(JSON.parse(outcome.stdout)).toEqual(aCompletedTask());
  });

  test("the exit code is the same if `--wait` precedes the task id", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: aCompletedTask() }));

    expect(await runCli(["tasks", "status", "--wait", TASK_ID, "--url", api.url])).toMatchObject({
      exitCode: 0,
    });
  });

  test("the exit code of `tasks submit --wait` depends on the outcome of the task", async () => {
    await using api = await startFakeApi(({ method }) =>
      method === "POST"
        ? { status: 202, body: aSubmittedTask() }
        : { status: 200, body: aTask({ status: "failed", error: "boom", queue_position: null }) },
    );

    const outcome = await runCli(["tasks", "submit", "public:modifiers:Rotate", "--wait", "--url", api.url]);

    expect(outcome.exitCode).toBe(1);
    expect(outcome.stdout).toContain("boom");
  });

  test("the exit code is 3 for an unreachable server", async () => {
    const url = await getClosedPortUrl();

    const outcome = await runCli(["tasks", "status", TASK_ID, "--url", url]);

    expect(outcome).toMatchObject({ exitCode: 3, stdout: "" });
    expect(outcome.stderr).toMatch(/^joblib: no response from .*\n$/);
  });

  test("the exit code is 11 for a server that is not joblib", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: "<html>", type: "text/html" }));

    expect(await runCli(["jobs", "list", "--url", api.url])).toMatchObject({ exitCode: 11 });
  });

  test("an interrupted wait exits with code 130 and does not cancel the task", async () => {
    const signals = new EventEmitter();
    await using api = await startFakeApi(({ headers }) => {
      if (headers["if-none-match"] === undefined)
        return { status: 200, body: aTask(), headers: { etag: 'W/"1"' } };
      setImmediate(() => signals.emit("SIGINT"));
      return new Promise(() => {});
    });

    const outcome = await runCli(["tasks", "status", TASK_ID, "--wait", "--url", api.url], { signals });

    expect(outcome).toEqual({ exitCode: 130, stdout: "", stderr: "joblib: interrupted\n" });
    expect(api.received.every(({ method }) => method === "GET")).toBe(true);
  });

  test("the exit code is 70 for a bug, and the stack trace is printed only if JOBLIB_DEBUG is set", async () => {
    const connect = async () => {
      throw new TypeError("undefined is not\na function");
    };

    const plain = await runCli(["jobs", "list"], { connect });
    const debugged = await runCli(["jobs", "list"], { connect, env: { JOBLIB_DEBUG: "1" } });

    expect(plain.exitCode).toBe(70);
    expect(plain.stderr).toMatch(
      /^joblib: this is a bug in joblib: TypeError: undefined is not a function\. .*\n$/,
    );
    expect(debugged.stderr).toContain("    at ");
  });
});

const getClosedPortUrl = async (): Promise<string> => {
  await using api = await startFakeApi(() => ({ status: 500 }));
  return api.url;
};
