import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { Extension, JoblibClient, JobManager, type Task } from "../../sdk/index.ts";
import { eventually } from "../support/eventually.ts";
import { toRecording } from "./exchanges.ts";
import { EXPECTED_STEPS } from "./expected-steps.ts";
import { startRecorder } from "./recorder.ts";
import { AUTHS, type Auth, serveForZnDraw } from "./servers.ts";
import { hasZnDraw, prepareZnDraw, SCRIPTS } from "./zndraw-client.ts";

const ROOM = "lab";
const timeout = 120_000;

const Step = z.object({
  step: z.string(),
  value: z.unknown().optional(),
  error: z.string().optional(),
  text: z.string().optional(),
});

const withoutId = (value: unknown) => (z.guid().safeParse(value).success ? "<id>" : value);

/** ZnDraw's client runs in a Python virtual environment, which `beforeAll` creates. */
describe.skipIf(!hasZnDraw)("ZnDraw's client (set ZNDRAW_CHECKOUT to a checkout to run it)", () => {
  let python: ReturnType<typeof prepareZnDraw>;
  beforeAll(() => {
    python = prepareZnDraw();
  }, 300_000);

  const start = async (auth: Auth, env: Readonly<Record<string, string>> = {}) => {
    const server = await serveForZnDraw(auth, env);
    onTestFinished(() => server[Symbol.asyncDispose]());
    const client = new JoblibClient({ url: server.url, ...(server.token && { token: server.token }) });
    return { ...server, client };
  };

  const startWorker = async ({ url, token }: { url: string; token: string }) => {
    const worker = python(SCRIPTS.worker, [url, token, ROOM]);
    await worker.waitForLine(/listening as/, 30_000);
    onTestFinished(async () => {
      worker.kill("SIGKILL");
      await worker.exit;
    });
    return worker;
  };

  const submit = async (client: JoblibClient, job: string, payload = {}): Promise<Task> => {
    const params = { room_id: ROOM, job_name: `${ROOM}:${job}` };
    return (await client.call("submitTask", { params, body: { payload } })).body;
  };

  const untilRunning = (client: JoblibClient, task_id: string) =>
    eventually(
      async () => (await client.call("readTask", { params: { task_id } })).body,
      (task) => task?.status === "running",
      { timeoutMs: 20_000 },
    );

  test.each(AUTHS)("ZnDraw's client gets the expected outcome of every call from a server with %s auth", {
    timeout,
  }, async (auth) => {
    const { url, token } = await start(auth);
    await using recorder = await startRecorder(url);
    const calls = python(SCRIPTS.calls, [recorder.url, token, ROOM]);
    const { code } = await calls.exit;
    expect({ code, stderr: calls.stderr() }).toEqual({ code: 0, stderr: "" });

    const steps = calls
      .stdout()
      .trim()
      .split("\n")
      .map((line) => Step.parse(JSON.parse(line)));
    const outcomes = steps.map(({ step, value, error }) => [step, error ?? withoutId(value)]);

    expect(outcomes).toEqual(EXPECTED_STEPS);
    const recording = `${JSON.stringify(toRecording(recorder.exchanges), null, 2)}\n`;
    await expect(recording).toMatchFileSnapshot("./requests.json");
  });

  test.each(
    AUTHS,
  )("ZnDraw's client runs tasks that the SDK submits, with `run_kwargs`, on a server with %s auth", {
    timeout,
  }, async (auth) => {
    const { client, ...server } = await start(auth);
    const worker = await startWorker(server);

    const right = await submit(client, "modifiers:Scale", { factor: 3, values: [1, 2] });
    const wrong = await submit(client, "analysis:Explode");

    expect(await client.awaitTask(right.id, { wait: 20 })).toMatchObject({
      ...{ status: "completed", result: null, error: null, attempt: 1 },
    });
    expect(await client.awaitTask(wrong.id, { wait: 20 })).toMatchObject({
      ...{ status: "failed", error: "it exploded" },
    });
    await worker.waitForLine(/scaled \[1, 2\] by 3.0 with a loaded model/);
  });

  test("ZnDraw's client continues after a task that was cancelled while it was running", {
    timeout,
  }, async () => {
    const { client, ...server } = await start("local");
    const worker = await startWorker(server);
    const long = await submit(client, "selections:Sleep", { seconds: 2 });
    await untilRunning(client, long.id);

    await client.call("updateTask", { params: { task_id: long.id }, body: { status: "cancelled" } });

    await worker.waitForLine(/Failed to mark task .* completed/, 20_000);
    const next = await submit(client, "modifiers:Scale");
    expect(await client.awaitTask(next.id, { wait: 20 })).toMatchObject({ status: "completed" });
    expect(await client.awaitTask(long.id, { wait: 0 })).toMatchObject({ status: "cancelled" });
  });

  test("ZnDraw's client keeps the lease of a task for longer than the claim grace period and the worker timeout", {
    timeout,
  }, async () => {
    const { client, ...server } = await start("local", {
      JOBLIB_WORKER_TIMEOUT_SECONDS: "3",
      JOBLIB_CLAIM_GRACE_SECONDS: "0.1",
      JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.5",
    });
    await startWorker(server);

    const task = await submit(client, "selections:Sleep", { seconds: 5 });

    expect(await client.awaitTask(task.id, { wait: 30 })).toMatchObject({ status: "completed", attempt: 1 });
  });

  test("ZnDraw's client deregisters an idle worker on SIGTERM", { timeout }, async () => {
    const { client, ...server } = await start("jwt");
    const worker = await startWorker(server);

    worker.kill("SIGTERM");

    expect(await worker.exit).toEqual({ code: 0, signal: null });
    const { body } = await client.call("listRoomWorkers", { params: { room_id: ROOM } });
    expect(body.items).toEqual([]);
  });

  test("ZnDraw's client stops if the server returns job names in joblib's own style", {
    timeout,
  }, async () => {
    const { client, ...server } = await start("local", { JOBLIB_JOB_NAME_STYLE: "visibility" });
    const worker = await startWorker(server);

    await submit(client, "modifiers:Scale");

    await worker.waitForLine(/Job 'private:modifiers:Scale' not registered with this JobManager/, 20_000);
    expect((await worker.exit).code).toBe(0);
  });

  test("ZnDraw's client submits tasks to a worker of the SDK", { timeout }, async () => {
    class Rotate extends Extension("modifiers", { angle: z.number() }) {
      async run() {
        if (this.angle > 180) throw new Error(`${this.angle} degrees are too many`);
        return this.angle;
      }
    }
    const { url, token } = await start("local");
    const jobs = new JobManager({ url, room: ROOM });
    jobs.register(Rotate);
    const running = jobs.run();
    await jobs.ready();
    const env = { JOBLIB_URL: url, JOBLIB_TOKEN: token, JOBLIB_ROOM: ROOM };

    const right = python(SCRIPTS.exampleSubmit, ["45"], env);
    const wrong = python(SCRIPTS.exampleSubmit, ["270"], env);

    await right.waitForLine(/completed/, 30_000);
    await wrong.waitForLine(/failed .*270 degrees are too many/, 30_000);
    await jobs[Symbol.asyncDispose]();
    await running;
  });

  test("ZnDraw's client runs the example of docs/zndraw.md", { timeout }, async () => {
    const { url, token } = await start("jwt");
    const env = { JOBLIB_URL: url, JOBLIB_TOKEN: token, JOBLIB_ROOM: ROOM };
    const worker = python(SCRIPTS.exampleWorker, [], env);
    await worker.waitForLine(/listening in lab/, 30_000);

    const right = python(SCRIPTS.exampleSubmit, ["45"], env);
    const wrong = python(SCRIPTS.exampleSubmit, ["400"], env);

    await right.waitForLine(/completed/, 30_000);
    await worker.waitForLine(/a model loaded once rotates by 45.0 degrees/);
    await wrong.waitForLine(/less than or equal to 360/, 30_000);
    worker.kill("SIGINT");
    expect(await worker.exit).toEqual({ code: 0, signal: null });
  });
});
