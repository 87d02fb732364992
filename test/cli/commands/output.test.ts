import { describe, expect, test } from "vitest";
import { startFakeApi } from "../fake-api.ts";
import { runCli } from "../run-cli.ts";
import { aProblem, aTask, TASK_ID } from "../wire-values.ts";

const ESCAPE = "\u001b";
const event = (name: string, id: string, data: unknown) =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
const stream = (...events: string[]) => ({ status: 200, body: events.join(""), type: "text/event-stream" });
const parts = (attempt: number, number: number, values: unknown[]) =>
  event("parts", `${attempt}.${number + values.length}`, { attempt, number, parts: values });
const attempt = (number: number) => event("attempt", `${number}.0`, { attempt: number });
const end = (status: string) => event("end", "1.9", { attempt: 1, status, count: 9 });

const readPages = (url: string) =>
  url.includes("from=1.2")
    ? { status: 200, body: { attempt: 1, number: 2, parts: [], next: "1.2" } }
    : { status: 200, body: { attempt: 1, number: 0, parts: [`Hello ${ESCAPE}[2J`, { n: 1 }], next: "1.2" } };

describe("`tasks watch`", () => {
  const replyToWatch = ({ path }: { readonly path: string }) =>
    path.endsWith("/output/events")
      ? stream(attempt(1), parts(1, 0, ["Hello ", { n: 1 }]), end("completed"))
      : stream(event("task", "1", aTask({ status: "completed", queue_position: null })));

  test("`tasks watch` prints the output of the task to stdout, and then the task itself", async () => {
    await using api = await startFakeApi(replyToWatch);

    const { exitCode, stdout } = await runCli(["tasks", "watch", TASK_ID, "--url", api.url]);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Hello \n\{"n":1\}\ntask .*\n(.*\n)*status +completed\n/);
  });

  test("`tasks watch --json` prints each part of the output as an event to stderr, and only the task to stdout", async () => {
    await using api = await startFakeApi(replyToWatch);

    const { stdout, stderr } = await runCli(["tasks", "watch", TASK_ID, "--json", "--url", api.url]);

    const events: unknown[] = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toContainEqual({ event: "output", attempt: 1, number: 0, value: "Hello " });
    expect(events).toContainEqual({ event: "output", attempt: 1, number: 1, value: { n: 1 } });
    expect(JSON.parse(stdout)).toMatchObject({ id: TASK_ID, status: "completed" });
  });
});

describe("`tasks output`", () => {
  test("`tasks output` prints text escaped for the terminal, and other values as JSON on their own lines", async () => {
    await using api = await startFakeApi(({ path }) => readPages(path));

    expect(await runCli(["tasks", "output", TASK_ID, "--url", api.url])).toEqual({
      exitCode: 0,
      stdout: 'Hello \\x1b[2J\n{"n":1}\n',
      stderr: "",
    });
    const path = `/v1/joblib/tasks/${TASK_ID}/output`;
    expect(api.received.map((request) => request.path)).toEqual([path, `${path}?from=1.2`]);
  });

  test("`tasks output --json` prints each part as an unchanged JSON object on its own line", async () => {
    await using api = await startFakeApi(({ path }) => readPages(path));

    const { stdout } = await runCli(["tasks", "output", TASK_ID, "--json", "--url", api.url]);

    const lines = stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { attempt: 1, number: 0, value: `Hello ${ESCAPE}[2J` },
      { attempt: 1, number: 1, value: { n: 1 } },
    ]);
  });

  test("`tasks output --follow` prints the parts of each attempt, and exits with the code of the task's outcome", async () => {
    await using api = await startFakeApi(() =>
      stream(attempt(1), parts(1, 4, ["Hel"]), attempt(2), parts(2, 0, ["Hello", " world"]), end("failed")),
    );

    const args = ["tasks", "output", TASK_ID, "--follow", "--from", "4", "--url", api.url];
    expect(await runCli(args)).toEqual({
      exitCode: 1,
      stdout: "Hel\nHello world\n",
      stderr: "attempt 2: the output starts again\n",
    });
    expect(api.received[0]?.path).toBe(`/v1/joblib/tasks/${TASK_ID}/output/events?from=4`);
  });

  test("`tasks output` continues after the last part if the connection is interrupted", async () => {
    let count = 0;
    await using api = await startFakeApi(() => {
      count += 1;
      return count === 1
        ? stream(attempt(1), parts(1, 0, ["one "]))
        : stream(parts(1, 1, ["two"]), end("completed"));
    });

    const result = await runCli(["tasks", "output", TASK_ID, "-f", "--url", api.url]);

    expect(result).toEqual({ exitCode: 0, stdout: "one two\n", stderr: "" });
    expect(api.received[1]?.headers["last-event-id"]).toBe("1.1");
  });

  test("`tasks output` reports a task that does not exist", async () => {
    await using api = await startFakeApi(() => aProblem("task-not-found"));

    expect(await runCli(["tasks", "output", TASK_ID, "--url", api.url])).toMatchObject({
      exitCode: 6,
      stdout: "",
    });
    expect(await runCli(["tasks", "output", TASK_ID, "-f", "--url", api.url])).toMatchObject({ exitCode: 6 });
  });
});
