import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { JoblibClient, type Task } from "../../sdk/index.ts";
import { end, serve } from "../e2e/terminals.ts";
import { eventually } from "../support/eventually.ts";
import { type SpawnedProcess, spawnProcess } from "../support/processes.ts";
import { findPrograms } from "../support/programs.ts";

const SCRIPT = resolve(import.meta.dirname, "../../examples/python/worker.py");
const JOB = "private:text:WordCount";
/**
 * The server's worker timeout in seconds: a worker without a heartbeat for this time counts as
 * dead. With a shorter timeout, the tests would fail on a busy machine.
 */
const WORKER_TIMEOUT_SECONDS = 3;

let server: SpawnedProcess;
let url = "";
let client: JoblibClient;
let python = "";

beforeAll(async () => {
  const directories = () => ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
  python = join(findPrograms({ names: ["python3"], aptPackage: "python3", directories }), "python3");
  ({ server, url } = await serve({
    JOBLIB_DATA_DIR: "memory://",
    JOBLIB_WORKER_TIMEOUT_SECONDS: String(WORKER_TIMEOUT_SECONDS),
    JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.5",
  }));
  client = new JoblibClient({ url });
});

afterAll(async () => {
  expect(await end(server)).toBe(0);
});

const readBody = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
};

/**
 * Starts the example's worker. `-S` disables installed packages, because the example must need only
 * Python's standard library.
 */
const startWorker = async (room: string, JOBLIB_URL = url, script = SCRIPT): Promise<SpawnedProcess> => {
  const env = { JOBLIB_URL, JOBLIB_ROOM: room };
  const worker = spawnProcess(python, ["-S", script], { env });
  await worker.waitForLine(/listening/, 20_000);
  onTestFinished(async () => {
    worker.kill("SIGKILL");
    await worker.exit;
  });
  return worker;
};

const submit = async (room_id: string, payload: object, options: object = {}): Promise<Task> => {
  const body = { payload: { text: "to be or not to be", ...payload }, ...options };
  return (await client.call("submitTask", { params: { room_id, job_name: JOB }, body })).body;
};

const read = async (task_id: string): Promise<Task> => {
  const { body } = await client.call("readTask", { params: { task_id } });
  if (body === null) throw new Error("304 without an ETag");
  return body;
};

const waitUntilRunning = (id: string) =>
  eventually(
    () => read(id),
    ({ status }) => status === "running",
    { timeoutMs: 15_000 },
  );

/**
 * Copies the example and replaces its job by one that evaluates the payload's text as Python and
 * returns the value.
 */
const copyWithEvaluatedResult = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-python-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const source = readFileSync(SCRIPT, "utf8");
  const copy = source.replace(
    /^def count_words[\s\S]*?\n\n/m,
    `import datetime, decimal
def circle():
    items = []
    items.append(items)
    return items
def nested(depth):
    value = 0
    for _ in range(depth): value = [value]
    return value
def fail(error): raise error
class Mute(Exception):
    def __repr__(self): raise ValueError("no repr")
def count_words(payload, stop): return eval(payload["text"])

`,
  );
  expect(copy).not.toBe(source);
  const path = join(directory, "worker.py");
  writeFileSync(path, copy);
  return path;
};

test("the worker in Python has at most 75 lines", () => {
  expect(readFileSync(SCRIPT, "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(75);
});

test("a worker in Python completes tasks, and fails tasks whose handler raises an exception", async () => {
  await startWorker("counted");

  const right = await client.awaitTask((await submit("counted", {})).id, { wait: 20 });
  const wrong = await client.awaitTask((await submit("counted", { seconds_per_word: 1e300 })).id, {
    wait: 20,
  });

  expect(right).toMatchObject({
    status: "completed",
    result: {
      words: 6,
      most_common: [
        ["to", 2],
        ["be", 2],
        ["or", 1],
      ],
    },
  });
  expect(wrong).toMatchObject({ status: "failed", error: expect.stringContaining("OverflowError") });
});

test("a worker in Python fails a task whose result cannot be stored, with the reason", async () => {
  const worker = await startWorker("unstorable", url, copyWithEvaluatedResult());
  const results: readonly (readonly [python: string, error: RegExp])[] = [
    ['float("nan")', /not JSON compliant/],
    ['{"energy": float("-inf")}', /not JSON compliant/],
    ["2**70 + 1", /422.*integers beyond/],
    ["{1, 2}", /set is not JSON serializable/],
    ['decimal.Decimal("1.5")', /Decimal is not JSON serializable/],
    ["datetime.datetime(2024, 1, 1)", /datetime is not JSON serializable/],
    ["b'bytes'", /bytes is not JSON serializable/],
    ["circle()", /Circular reference/],
    ["nested(200)", /422.*nested/],
    ["nested(100_000)", /Recursion/],
    ["chr(0)", /400.*U\+0000/],
    ["chr(0xD800)", /400.*surrogate/],
    ['{"\\ud800": 1}', /400.*surrogate/],
    ['"x" * 2_000_000', /413/],
    // JSON in Python escapes each of these characters with six bytes, so the body exceeds the
    // limit.
    ['"\u00e9" * 400_000', /413/],
    ["fail(ValueError(chr(0) + chr(0xD800)))", /ValueError/],
    ['fail(ValueError("x" * 200_000))', /ValueError/],
    ["fail(Mute())", /Mute/],
    // The last task shows that the worker is still running.
    ["fail(KeyError(1))", /KeyError/],
  ];

  for (const [text, error] of results) {
    const task = await client.awaitTask((await submit("unstorable", { text })).id, { wait: 20 });

    expect(task, text).toMatchObject({ status: "failed", attempt: 1 });
    expect(task.error, text).toMatch(error);
  }
  expect(worker.stderr()).toBe("");
});

test("a worker in Python fails a task if a proxy rejects the result", async () => {
  let refused = 0;
  const proxy = createServer(async (request, response) => {
    const body = await readBody(request);
    if (request.url?.includes("/tasks/") && body.includes("most_common")) {
      refused += 1;
      // Responds with the page of a firewall instead of a response from joblib.
      if (refused === 1) return response.writeHead(403, { "content-type": "text/html" }).end("<h1>No</h1>");
    }
    const { authorization = "", prefer = "" } = request.headers;
    const headers = { "content-type": "application/json", authorization, ...(prefer !== "" && { prefer }) };
    const forwarded = await fetch(url + request.url, {
      method: request.method ?? "GET",
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      ...(body !== "" && { body }),
    });
    return response
      .writeHead(forwarded.status, { "content-type": forwarded.headers.get("content-type") ?? "text/plain" })
      .end(await forwarded.text());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => proxy.closeAllConnections());
  const address = proxy.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await startWorker("proxied", `http://127.0.0.1:${port}`);

  const task = await client.awaitTask((await submit("proxied", {})).id, { wait: 20 });

  expect(task).toMatchObject({ status: "failed", error: expect.stringContaining("403") });
});

test("a worker in Python stops a cancelled task and runs the next one", async () => {
  const worker = await startWorker("cancelled");
  const long = await submit("cancelled", { seconds_per_word: 60 });
  await waitUntilRunning(long.id);

  await client.call("updateTask", { params: { task_id: long.id }, body: { status: "cancelled" } });

  await worker.waitForLine(new RegExp(`${long.id} stopped`), 10_000);
  const next = await submit("cancelled", {});
  expect((await client.awaitTask(next.id, { wait: 20 })).status).toBe("completed");
});

test("a worker in Python that is busy for longer than the worker timeout keeps sending heartbeats", async () => {
  await startWorker("busy");

  const task = await submit("busy", { text: "a b", seconds_per_word: WORKER_TIMEOUT_SECONDS });

  expect(await client.awaitTask(task.id, { wait: 25 })).toMatchObject({ status: "completed", attempt: 1 });
});

test("a worker in Python that lost its lease does not overwrite the result of another worker", async () => {
  const first = await startWorker("fenced");
  const options = { max_attempts: 2, backoff: { kind: "fixed", seconds: 0, jitter: 0 } };
  const task = await submit("fenced", { text: "a", seconds_per_word: 1 }, options);
  const { worker_id: firstWorker } = await waitUntilRunning(task.id);
  first.kill("SIGSTOP");
  await startWorker("fenced");
  const done = await client.awaitTask(task.id, { wait: 25 });

  first.kill("SIGCONT");

  // The server has removed the worker, so the worker exits with an error, and a supervisor can
  // restart it.
  expect((await first.exit).code).toBe(1);
  expect(done).toMatchObject({ status: "completed", attempt: 2 });
  expect(done.worker_id).not.toBe(firstWorker);
  expect((await read(task.id)).worker_id).toBe(done.worker_id);
});

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

test.each(SIGNALS)("a worker in Python deregisters at %s, and its task fails immediately", async (signal) => {
  const worker = await startWorker("left");
  const task = await submit("left", { seconds_per_word: 60 });
  await waitUntilRunning(task.id);

  worker.kill(signal);

  expect(await worker.exit).toEqual({ code: 0, signal: null });
  expect(await read(task.id)).toMatchObject({ status: "failed" });
  const { body } = await client.call("listRoomWorkers", { params: { room_id: "left" } });
  expect(body.items).toEqual([]);
});

test("a worker in Python continues after the reader of its output has ended", async () => {
  const env = { JOBLIB_URL: url, JOBLIB_ROOM: "unread" };
  const command = 'exec "$@" > >(exec head -n 1 >&2)';
  const worker = spawnProcess("bash", ["-c", command, "bash", python, "-S", SCRIPT], { env });
  await worker.waitForLine(/listening/, 20_000);

  for (let count = 0; count < 3; count += 1) {
    const { id } = await submit("unread", {});
    expect(await client.awaitTask(id, { wait: 20 })).toMatchObject({ status: "completed" });
  }
  worker.kill("SIGTERM");
  await worker.exit;
});

test("a worker in Python exits at SIGTERM even if its server is down", { timeout: 120_000 }, async () => {
  const { server: own, url: away } = await serve({ JOBLIB_DATA_DIR: "memory://" });
  const worker = await startWorker("away", away);
  expect(await end(own)).toBe(0);

  worker.kill("SIGTERM");

  expect(await worker.exit).toEqual({ code: 0, signal: null });
});
