import { describe, expect, test } from "vitest";
import type { LogLine } from "../../../protocol/index.ts";
import { startFakeApi } from "../fake-api.ts";
import { runCli } from "../run-cli.ts";
import { aCompletedTask, aTask, TASK_ID } from "../wire-values.ts";

const ESCAPE = "\u001b";
const aLine = (overrides: Partial<LogLine> = {}): LogLine => ({
  ...{ attempt: 1, number: 0, at: "2026-01-02T03:04:05.678Z", level: "info", text: "reading" },
  ...overrides,
});
const LINES = [aLine(), aLine({ attempt: 2, number: 3, level: "error", text: `bad ${ESCAPE}]52;x` })];
const page = (items: LogLine[]) => ({ status: 200, body: { items, after: items.length > 0 ? "2.3" : null } });
const event = (name: string, id: string, data: unknown) =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
const stream = (body: string) => ({ status: 200, body, type: "text/event-stream" });

describe("task logs", () => {
  test("`tasks logs` prints each log line escaped for the terminal", async () => {
    await using api = await startFakeApi(() => page(LINES));

    expect(await runCli(["tasks", "logs", TASK_ID, "--url", api.url])).toEqual({
      exitCode: 0,
      stdout: "03:04:05.678 info  reading\n03:04:05.678 #2 error bad \\x1b]52;x\n",
      stderr: "",
    });
    expect(api.received.map(({ path }) => path)).toEqual([`/v1/joblib/tasks/${TASK_ID}/logs?limit=1000`]);
  });

  test("`tasks logs --json` prints each log line as an unchanged JSON object on its own line", async () => {
    await using api = await startFakeApi(() => page(LINES));

    const { stdout } = await runCli(["tasks", "logs", TASK_ID, "--json", "--url", api.url]);

    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(LINES);
  });

  test("`tasks logs` prints nothing for an empty log", async () => {
    await using api = await startFakeApi(() => page([]));

    expect(await runCli(["tasks", "logs", TASK_ID, "--url", api.url])).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("`tasks logs --follow` prints lines until the task ends, and exits with the code of the task's outcome", async () => {
    const failed = aCompletedTask({ status: "failed", result: null, error: "it broke" });
    const events = [
      event("task", "1", aTask({ status: "running", queue_position: null })),
      event("log", "1_1.0", { items: [LINES[0]], after: "1.0" }),
      event("task", "2_1.0", failed),
    ];
    await using api = await startFakeApi(() => stream(events.join("")));

    expect(await runCli(["tasks", "logs", TASK_ID, "-f", "--url", api.url])).toEqual({
      exitCode: 1,
      stdout: "03:04:05.678 info  reading\n",
      stderr: "",
    });
  });
});

test("`tasks watch` prints each status and log line on stderr, and the task on stdout", async () => {
  const events = [
    event("task", "1", aTask({ status: "pending", queue_position: 2 })),
    event("task", "2", aTask({ status: "running", queue_position: null, progress: { fraction: 0.5 } })),
    event("log", "2_1.0", { items: [LINES[0]], after: "1.0" }),
    event("task", "3_1.0", aCompletedTask()),
  ];
  const output = event("end", "1.0", { attempt: 1, status: "completed", count: 0 });
  await using api = await startFakeApi(({ path }) =>
    stream(path.includes("/output/") ? output : events.join("")),
  );

  const { exitCode, stdout, stderr } = await runCli(["tasks", "watch", TASK_ID, "--url", api.url]);

  expect(exitCode).toBe(0);
  expect(stdout).toContain("status          completed");
  expect(stderr.split("\n")).toEqual([
    "public:modifiers:Rotate pending (queue position 2)",
    `public:modifiers:Rotate running ${"█".repeat(10)}${"░".repeat(10)} 50%`,
    "03:04:05.678 info  reading",
    expect.stringMatching(/completed/),
    "",
  ]);
});
