import { describe, expect, test } from "vitest";
import { startFakeApi } from "../fake-api.ts";
import { runCli } from "../run-cli.ts";
import { aCompletedTask, aJob, aPage, aProblem, aSubmittedTask, aTask, TASK_ID } from "../wire-values.ts";

const ESCAPE = "\u001b";

describe("output", () => {
  test("printed output shows a task with one property per line", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: aCompletedTask() }));

    const { stdout, stderr } = await runCli(["tasks", "status", TASK_ID, "--url", api.url]);

    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      `task            ${TASK_ID}`,
      "job             public:modifiers:Rotate",
      "room            @global",
      "status          completed",
      "submitted       2026-01-02T03:04:05.678Z",
      "started         2026-01-02T03:04:05.678Z",
      "ended           2026-01-02T03:04:06.878Z (took 1.2 s)",
      "worker          w1",
      'payload         {"angle":90}',
      'result          {"turned":true}',
      "",
    ]);
  });

  test("the output of `--json` is the response of the server, with control characters escaped", async () => {
    const task = aTask({ error: `${ESCAPE}[31m\u009b` });
    await using api = await startFakeApi(() => ({ status: 200, body: task }));

    const { stdout, stderr } = await runCli(["tasks", "status", TASK_ID, "--url", api.url, "--json"]);

    expect(stderr).toBe("");
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(JSON.parse(stdout)).toEqual(task);
  });

  test("printed output contains untrusted text only in escaped form", async () => {
    const harmful = `${ESCAPE}]0;owned\u0007\r\u202e`;
    const task = aCompletedTask({
      job_name: `public:a:b${harmful}`,
      worker_id: harmful,
      error: harmful,
      result: { [harmful]: harmful },
      payload: { [harmful]: [harmful] },
      progress: { fraction: 0.5, message: `x\ny${harmful}` },
      errors: [{ attempt: 1, at: harmful, error: harmful, worker_id: null }],
    });
    await using api = await startFakeApi(({ path }) =>
      path.includes("/rooms/lab/")
        ? aProblem("forbidden", { detail: harmful })
        : path.includes("/jobs")
          ? aPage([
              aJob({
                full_name: harmful,
                description: `${harmful}\n${harmful}`,
                schema: { properties: { [harmful]: { title: harmful } } },
              }),
            ])
          : path.includes("/rooms/")
            ? aPage([task])
            : { status: 200, body: { ...task, created_at: "2026-01-02T03:04:05.678Z", errors: [] } },
    );
    const urlOption = ["--url", api.url];

    for (const argv of [
      ["tasks", "status", TASK_ID],
      ["jobs", "list"],
      ["tasks", "list", "--room", "lab"],
    ]) {
      const { stdout, stderr } = await runCli([...argv, ...urlOption]);
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });

  test("printed output shows a list as a table within the width of the terminal, and the option for the next page", async () => {
    const tasks = [aTask({ job_name: `public:modifiers:${"Long".repeat(30)}` }), aCompletedTask()];
    await using api = await startFakeApi(() => aPage(tasks, 7));
    const env = { NO_COLOR: "1" };

    const piped = await runCli(["tasks", "list", "--url", api.url]);
    const onTerminal = await runCli(["tasks", "list", "--url", api.url], { terminal: 100, env });

    expect(piped.stdout).toContain("Long".repeat(30));
    expect(onTerminal.stdout).toContain("…");
    expect(Math.max(...onTerminal.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(piped.stderr).toBe("showing 1–2 of 7; next page: --offset 2\n");
  });

  test("printed output shows the option for the next page of a list that is not counted completely", async () => {
    const task = aCompletedTask();
    const reply = { status: 200, body: { items: [task], total: 10_000, limit: 1, offset: 0 } };
    await using api = await startFakeApi(() => reply);

    const first = await runCli(["tasks", "list", "--limit", "1", "--url", api.url]);
    const next = await runCli(["tasks", "list", "--limit", "1", "--after", "x", "--url", api.url]);

    expect(first.stderr).toBe(`showing 1 of at least 10000; next page: --after ${task.id}\n`);
    expect(next.stderr).toBe(first.stderr);
    expect(api.received.at(-1)?.path).toContain("after=x");
  });

  test("an empty list prints nothing on stdout, and prints an empty page with `--json`", async () => {
    await using api = await startFakeApi(() => aPage([]));

    expect(await runCli(["workers", "list", "--url", api.url])).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "no workers\n",
    });
    expect((await runCli(["workers", "list", "--url", api.url, "--json"])).stdout).toBe(
      '{"items":[],"total":0,"limit":50,"offset":0}\n',
    );
  });

  test("printed output has colors on a terminal, unless NO_COLOR is set", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: aCompletedTask() }));
    const argv = ["tasks", "status", TASK_ID, "--url", api.url];

    expect((await runCli(argv, { terminal: 100 })).stdout).toContain(`${ESCAPE}[32mcompleted`);
    expect((await runCli(argv, { terminal: 100, env: { NO_COLOR: "1" } })).stdout).not.toContain(ESCAPE);
  });

  test("printed output shows the progress of a running task as a bar on a terminal", async () => {
    const task = aTask({
      status: "running",
      queue_position: null,
      progress: { fraction: 0.5, message: "half" },
    });
    await using api = await startFakeApi(() => ({ status: 200, body: task }));

    const { stdout } = await runCli(["tasks", "status", TASK_ID, "--url", api.url], { terminal: 100 });

    expect(stdout).toContain(`${"█".repeat(10)}${"░".repeat(10)} 50% half`);
  });

  test("printed output omits the progress of a completed task, but shows the progress of a failed task", async () => {
    const progress = { fraction: 0.5 };
    const print = async (task: object) => {
      await using api = await startFakeApi(() => ({ status: 200, body: task }));
      return (await runCli(["tasks", "status", TASK_ID, "--url", api.url])).stdout;
    };

    expect(await print({ ...aCompletedTask(), progress })).not.toContain("50%");
    expect(
      await print({ ...aCompletedTask(), status: "failed", result: null, error: "x", progress }),
    ).toContain("progress        50%");
  });

  test("printed output shows the parameters of a job with types and defaults", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: aJob() }));

    const { stdout } = await runCli(["jobs", "show", "public:modifiers:Rotate", "--url", api.url]);

    expect(stdout).toContain("angle      number 0…360  no        0        degrees");
    expect(stdout).toContain('axis       "x" | "y"     yes');
  });

  test("printed output shows the errors of a rejected payload", async () => {
    const errors = [{ pointer: "/payload/angle", detail: "must be a number" }];
    await using api = await startFakeApi(() => aProblem("validation-error", { errors }));

    const outcome = await runCli(["tasks", "submit", "public:modifiers:Rotate", "--url", api.url]);

    expect(outcome).toEqual({
      exitCode: 5,
      stdout: "",
      stderr: "joblib: detail of validation-error\n  /payload/angle: must be a number\n",
    });
  });
});

describe("requests", () => {
  test("the request of `tasks submit` contains the payload, the options, the room and the idempotency key", async () => {
    await using api = await startFakeApi(({ method }) =>
      method === "GET" ? { status: 200, body: aJob() } : { status: 202, body: aSubmittedTask() },
    );

    await runCli(
      [
        ...[
          "tasks",
          "submit",
          "private:modifiers:Rotate",
          "--room",
          "lab",
          "--url",
          `${api.url}/api/`,
          "--token",
          "t",
        ],
        ...[
          "--payload-file",
          "-",
          "--set",
          "angle=90",
          "--set",
          "label=a=b",
          "--priority",
          "-5",
          "--delay",
          "1.5",
        ],
        ...["--max-attempts", "3", "--timeout", "60", "--idempotency-key", "k1"],
      ],
      { stdin: '{"angle": 1, "axis": "x"}' },
    );

    expect(api.received.filter(({ method }) => method === "POST")).toMatchObject([
      {
        method: "POST",
        path: "/api/v1/joblib/rooms/lab/tasks/private:modifiers:Rotate",
        headers: { authorization: "Bearer t", "idempotency-key": "k1" },
        body: {
          payload: { angle: 90, axis: "x", label: "a=b" },
          priority: -5,
          delay_seconds: 1.5,
          max_attempts: 3,
          timeout_seconds: 60,
        },
      },
    ]);
  });

  test("the request of a list command contains the room of the environment and the filters of the command line", async () => {
    await using api = await startFakeApi(() => aPage([]));
    const env = { JOBLIB_ROOM: "lab", JOBLIB_URL: api.url };

    await runCli(["tasks", "list", "--status", "failed", "--limit", "5", "--offset", "10"], { env });
    await runCli(["workers", "list"], { env });

    expect(api.received.map(({ path }) => path)).toEqual([
      "/v1/joblib/rooms/lab/tasks?limit=5&offset=10&status=failed",
      "/v1/joblib/rooms/lab/workers?limit=50&offset=0",
    ]);
  });

  test("`tasks cancel` sends PATCH /tasks/{id}, and `tasks retry` sends POST /tasks/{id}/retry", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: aTask() }));

    const cancelled = await runCli(["tasks", "cancel", TASK_ID, "--url", api.url]);
    const retried = await runCli(["tasks", "retry", TASK_ID, "--url", api.url]);

    expect(api.received).toMatchObject([
      { method: "PATCH", path: `/v1/joblib/tasks/${TASK_ID}`, body: { status: "cancelled" } },
      { method: "POST", path: `/v1/joblib/tasks/${TASK_ID}/retry` },
    ]);
    expect([cancelled.stdout, retried.stdout]).toEqual([`cancelled ${TASK_ID}\n`, `retried ${TASK_ID}\n`]);
  });
});
