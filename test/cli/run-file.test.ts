import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { spawnProcess } from "../support/processes.ts";
import { startFakeApi } from "./fake-api.ts";
import { runCli } from "./run-cli.ts";
import { aJob, aProblem, aTask, TASK_ID } from "./wire-values.ts";

const FILE = resolve(import.meta.dirname, "files/local.ts");
const ROOT = resolve(import.meta.dirname, "../..");
const JOB = "public:tests:Count";
const schema = { type: "object", properties: { to: { type: "number" } }, required: ["to"] };

const exported = async (
  task = aTask({ job_name: JOB, payload: { to: 3 } }),
  job = aJob({ full_name: JOB, schema }),
) => {
  await using api = await startFakeApi(({ path }) => ({
    status: 200,
    body: path.includes("/jobs/") ? job : task,
  }));
  const { stdout } = await runCli(["tasks", "export", TASK_ID, "--url", api.url]);
  return stdout;
};
const run = (stdin: string, ...argv: string[]) => runCli(["run", FILE, "--task", "-", ...argv], { stdin });

describe("an exported task", () => {
  test("holds the task and its job's schemas", async () => {
    expect(JSON.parse(await exported())).toEqual({
      ...{ joblib: "task", version: 1, task: aTask({ job_name: JOB, payload: { to: 3 } }) },
      job: { full_name: JOB, schema, result_schema: null, description: "Turns a structure." },
    });
  });

  test("whose job is gone holds the task alone", async () => {
    await using api = await startFakeApi(({ path }) =>
      path.includes("/jobs/") ? aProblem("job-not-found") : { status: 200, body: aTask() },
    );
    const written = new Map<string, string>();
    const { stderr } = await runCli(["tasks", "export", TASK_ID, "-o", "t.json", "--url", api.url], {
      written,
    });

    expect(JSON.parse(written.get("t.json") ?? "")).toMatchObject({ job: null });
    expect(stderr).toBe("public:modifiers:Rotate is gone: its schemas are left out\nwrote t.json\n");
  });

  test("runs here, with its progress, its log and its result, and no server hears of it", async () => {
    const { exitCode, stdout, stderr } = await run(await exported(), "--url", "http://127.0.0.1:1");

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "6\n" });
    expect(stderr).toContain("progress 100% done\n");
    expect(stderr).toContain("warn  counted to=3\n");
    expect(stderr).toMatch(/completed after \d+ m?s\n$/);
  });

  test("that fails here ends with 1 and says why", async () => {
    const { exitCode, stdout, stderr } = await run(
      await exported(aTask({ job_name: JOB, payload: { to: -1 } })),
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/failed after \d+ m?s: cannot count to -1\n$/);
  });

  test("whose payload the class does not take fails as a worker would fail it", async () => {
    const { exitCode, stderr } = await run(await exported(aTask({ job_name: JOB, payload: { to: "x" } })));

    expect(exitCode).toBe(1);
    expect(stderr).toContain("invalid payload: Count: /to: ");
  });

  test("of a job that has other parameters than the class by now is told", async () => {
    const job = aJob({ full_name: JOB, schema: { ...schema, properties: { to: { type: "string" } } } });
    const { stderr } = await run(await exported(undefined, job));

    expect(stderr).toContain("the parameters of Count are not those that the task's job has:\n");
    expect(stderr).toContain('~ to: type is "number" here, and something else as registered\n');
  });

  test.each([
    [
      "a task as `tasks status --json` prints it",
      JSON.stringify(aTask({ job_name: JOB, payload: { to: 2 } })),
      0,
      "",
    ],
    ["no task", "{}", 2, "holds no task"],
    ["no JSON", "x", 5, "is not JSON"],
    ["a task of another class", JSON.stringify(aTask()), 2, "exports no modifiers:Rotate, only tests:Count"],
  ])("may be %s", async (_, stdin, exitCode, message) => {
    const { stderr, ...outcome } = await run(stdin);

    expect(outcome.exitCode).toBe(exitCode);
    expect(stderr).toContain(message);
  });
});

test("flags of a job are of no use with a file, nor those of a file with a job", async () => {
  expect(await run(await exported(), "--to", "3")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--to is of no use here"),
  });
  expect(await runCli(["run", JOB, "--task", "t.json"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--task is for a file's class"),
  });
});

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly callFrames?: readonly { readonly functionName: string }[] };
}

test("with --inspect-brk a debugger stops right before the class's run", { timeout: 60_000 }, async () => {
  const file = join(mkdtempSync(join(tmpdir(), "joblib-inspect-")), "task.json");
  writeFileSync(file, await exported());
  const cli = spawnProcess(process.execPath, [
    ...[join(ROOT, "cli/main.ts"), "run", FILE, "--task", file, "--inspect-brk=0"],
  ]);
  const [, url = ""] = await cli.waitForLine(/Debugger listening on (ws:\S+)/, 30_000);

  const socket = new WebSocket(url);
  const paused = Promise.withResolvers<Message>();
  socket.onmessage = ({ data }) => {
    const message: Message = JSON.parse(String(data));
    if (message.method === "Debugger.paused") paused.resolve(message);
  };
  await new Promise((done) => {
    socket.onopen = done;
  });
  const say = (id: number, method: string) => socket.send(JSON.stringify({ id, method }));
  ["Debugger.enable", "Runtime.enable", "Runtime.runIfWaitingForDebugger"].forEach((method, id) => {
    say(id, method);
  });

  expect((await paused.promise).params?.callFrames?.[0]?.functionName).toBe("stopped");
  say(3, "Debugger.resume");
  socket.close();
  expect(await cli.exit).toMatchObject({ code: 0 });
  expect(cli.stdout()).toBe("6\n");
});
