import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { spawnProcess } from "../../support/processes.ts";
import { startFakeApi } from "../fake-api.ts";
import { runCli } from "../run-cli.ts";
import { aJob, aProblem, aTask, TASK_ID } from "../wire-values.ts";

const FILE = resolve(import.meta.dirname, "../files/local.ts");
const ROOT = resolve(import.meta.dirname, "../../..");
const JOB = "public:tests:Count";
const schema = { type: "object", properties: { to: { type: "number" } }, required: ["to"] };

const exportTask = async (
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

describe("task export", () => {
  test("the file of an exported task contains the task and the schemas of its job", async () => {
    expect(JSON.parse(await exportTask())).toEqual({
      ...{ joblib: "task", version: 1, task: aTask({ job_name: JOB, payload: { to: 3 } }) },
      job: { full_name: JOB, schema, result_schema: null, description: "Turns a structure." },
    });
  });

  test("the file of an exported task contains no job if the job no longer exists", async () => {
    await using api = await startFakeApi(({ path }) =>
      path.includes("/jobs/") ? aProblem("job-not-found") : { status: 200, body: aTask() },
    );
    const written = new Map<string, string>();
    const { stderr } = await runCli(["tasks", "export", TASK_ID, "-o", "t.json", "--url", api.url], {
      written,
    });

    expect(JSON.parse(written.get("t.json") ?? "")).toMatchObject({ job: null });
    expect(stderr).toBe(
      "public:modifiers:Rotate no longer exists; exporting the task without schemas\nwrote t.json\n",
    );
  });
});

describe("local run", () => {
  test("an exported task runs locally with progress, log and result, without a server", async () => {
    const { exitCode, stdout, stderr } = await run(await exportTask(), "--url", "http://127.0.0.1:1");

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "6\n" });
    expect(stderr).toContain("progress 100% done\n");
    expect(stderr).toContain("warn  counted to=3\n");
    expect(stderr).toMatch(/completed after \d+ m?s\n$/);
  });

  test("an exported task causes exit code 1 if it fails, and the reason is printed", async () => {
    const { exitCode, stdout, stderr } = await run(
      await exportTask(aTask({ job_name: JOB, payload: { to: -1 } })),
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/failed after \d+ m?s: cannot count to -1\n$/);
  });

  test("an exported task fails with the same error as on a worker if its payload is invalid", async () => {
    const { exitCode, stderr } = await run(await exportTask(aTask({ job_name: JOB, payload: { to: "x" } })));

    expect(exitCode).toBe(1);
    expect(stderr).toContain("invalid payload: Count: /to: ");
  });

  test("`joblib run` prints the differences between the schema of an exported task's job and the schema of the class", async () => {
    const job = aJob({ full_name: JOB, schema: { ...schema, properties: { to: { type: "string" } } } });
    const { stderr } = await run(await exportTask(undefined, job));

    expect(stderr).toContain("the schema of Count differs from the job of the task:\n");
    expect(stderr).toContain('~ to: type: changed to "number"\n');
  });

  test.each([
    [
      "a task as `tasks status --json` prints it",
      JSON.stringify(aTask({ job_name: JOB, payload: { to: 2 } })),
      0,
      "",
    ],
    ["an object that is not a task", "{}", 2, "does not contain a task"],
    ["invalid JSON", "x", 5, "is not valid JSON"],
    [
      "a task of another class",
      JSON.stringify(aTask()),
      2,
      "does not export modifiers:Rotate, only tests:Count",
    ],
  ])("`joblib run --task` exits with the expected code for %s", async (_, stdin, exitCode, message) => {
    const { stderr, ...outcome } = await run(stdin);

    expect(outcome.exitCode).toBe(exitCode);
    expect(stderr).toContain(message);
  });
});

test("`joblib run` rejects payload flags when it runs an exported task, and `--task` when it runs a job", async () => {
  expect(await run(await exportTask(), "--to", "3")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("unexpected argument --to"),
  });
  expect(await runCli(["run", JOB, "--task", "t.json"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--task needs an extensions file"),
  });
});

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly callFrames?: readonly { readonly functionName: string }[] };
}

test("`joblib run --inspect-brk` stops the debugger right before `run` of the class", {
  timeout: 60_000,
}, async () => {
  const file = join(mkdtempSync(join(tmpdir(), "joblib-inspect-")), "task.json");
  writeFileSync(file, await exportTask());
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
  const send = (id: number, method: string) => socket.send(JSON.stringify({ id, method }));
  ["Debugger.enable", "Runtime.enable", "Runtime.runIfWaitingForDebugger"].forEach((method, id) => {
    send(id, method);
  });

  expect((await paused.promise).params?.callFrames?.[0]?.functionName).toBe("stopped");
  send(3, "Debugger.resume");
  socket.close();
  expect(await cli.exit).toMatchObject({ code: 0 });
  expect(cli.stdout()).toBe("6\n");
});
