import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { SAME_REQUEST_MS } from "../../../cli/worker/interrupts.ts";
import { getRooms } from "../../../cli/worker/run-tasks.ts";
import { findFreePort } from "../../support/free-port.ts";
import { type SpawnedProcess, spawnProcess } from "../../support/processes.ts";
import { startFakeHttp } from "../fake-http.ts";
import { Multiply, Wait } from "../files/extensions.ts";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const UNCAUGHT = fileURLToPath(new URL("../files/uncaught.ts", import.meta.url));
const EXTENSIONS = fileURLToPath(new URL("../files/extensions.ts", import.meta.url));

const startWorker = (url: string, ...argv: string[]): SpawnedProcess =>
  spawnProcess(process.execPath, [MAIN, "worker", EXTENSIONS, "--url", url, ...argv], {
    env: { JOBLIB_URL: undefined, JOBLIB_TOKEN: undefined, JOBLIB_ROOM: undefined },
  });

describe("getRooms", () => {
  const config = { rooms: ["lab"], public: false };

  test("getRooms returns the rooms of the command line, unless the class declares its own room", () => {
    expect(getRooms(Multiply, config)).toEqual(["lab"]);
    expect(getRooms(Multiply, { rooms: ["lab"], public: true })).toEqual(["@global", "lab"]);
    expect(getRooms(Wait, { rooms: ["lab"], public: true })).toEqual(["waiting"]);
    expect(
      getRooms(
        class Open extends Multiply {
          static readonly public = true;
        },
        config,
      ),
    ).toEqual(["@global"]);
  });

  test("getRooms fails if neither the command line nor the class has a room", () => {
    expect(() => getRooms(Multiply, { rooms: [], public: false })).toThrow(
      "Multiply has no room. Pass --room",
    );
  });
});

describe("worker processes", () => {
  test("`joblib worker` reports a drain, finishes its running task, and exits with code 0", async () => {
    await using server = await startFakeHttp();
    const worker = startWorker(server.url, "--public");
    await worker.waitForLine(/is connected to/);
    const { id } = server.fake.submit("waiting", "private:arithmetic:Wait");
    await worker.waitForLine(new RegExp(`^${id} .* started$`));

    server.fake.drainWorker(server.fake.workers[0]?.id ?? "");

    await worker.waitForLine(/^drained: no new tasks for this worker$/);
    expect(server.fake.workers).toHaveLength(1);
    server.fake.cancel(id);
    await worker.waitForLine(new RegExp(`^${id} .* lost after .*cancelled`));
    expect(await worker.exit).toMatchObject({ code: 0 });
  });

  test("`joblib worker` waits for a server that is not reachable yet, and prints only one note about the wait", async () => {
    const port = await findFreePort();
    const url = `http://127.0.0.1:${port}`;
    const worker = startWorker(url, "--public");
    await worker.waitForLine(/^waiting for the server http.*: no response from /, 30_000);

    await using server = await startFakeHttp(port);

    await worker.waitForLine(/is connected to/, 30_000);
    expect(server.url).toBe(url);
    worker.kill("SIGTERM");
    expect(await worker.exit).toMatchObject({ code: 0 });
    expect(worker.stderr().match(/waiting for the server/g)).toHaveLength(1);
  });

  test("`joblib worker` exits with code 0 if it is stopped while it waits for the server", async () => {
    const worker = startWorker(`http://127.0.0.1:${await findFreePort()}`, "--public");
    await worker.waitForLine(/^waiting for the server /, 30_000);

    worker.kill("SIGTERM");

    expect(await worker.exit).toMatchObject({ code: 0 });
  });

  test("`joblib worker` prints the registered jobs, and the start and the outcome of each task", async () => {
    await using server = await startFakeHttp();
    const worker = startWorker(server.url, "--public", "--name", "bench");
    await worker.waitForLine(/^registered public:arithmetic:Multiply$/);
    await worker.waitForLine(/^registered waiting:arithmetic:Wait$/);
    await worker.waitForLine(/is connected to/);

    const { id } = server.fake.submit("@global", "public:arithmetic:Multiply", { payload: { by: 21 } });
    const { id: invalid } = server.fake.submit("@global", "public:arithmetic:Multiply", {
      payload: { by: "\u001b[2J" },
    });

    await worker.waitForLine(new RegExp(`^${id} public:arithmetic:Multiply started$`));
    await worker.waitForLine(new RegExp(`^${id} public:arithmetic:Multiply completed after \\d`));
    await worker.waitForLine(new RegExp(`^${invalid} .* failed after .*invalid payload`));
    expect(server.fake.task(id)).toMatchObject({ status: "completed", result: { product: 42, made: 1 } });
    expect(server.fake.workers).toMatchObject([{ name: "bench" }]);
    worker.kill("SIGTERM");
    expect(await worker.exit).toMatchObject({ code: 0 });
    expect(server.fake.workers).toEqual([]);
    expect(worker.stdout()).toBe("");
  });

  test("`joblib worker` drains at the first signal, and fails the running task at the second signal", async () => {
    await using server = await startFakeHttp();
    const worker = startWorker(server.url, "--public", "--json");
    await worker.waitForLine(/"event":"connected"/);
    const { id } = server.fake.submit("waiting", "private:arithmetic:Wait");
    await worker.waitForLine(/"event":"started"/);
    await server.fake.waitFor(id, ({ status }) => status === "running");

    worker.kill("SIGINT");
    await worker.waitForLine(/"event":"draining"/, SAME_REQUEST_MS + 5_000);
    expect(server.fake.task(id).status).toBe("running");
    worker.kill("SIGINT");

    expect(await worker.exit).toMatchObject({ code: 130 });
    expect(server.fake.task(id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("interrupted"),
    });
    expect(server.fake.workers).toEqual([]);
  });

  test("`joblib worker` fails the running task after an uncaught error, and deregisters", async () => {
    await using server = await startFakeHttp();
    const worker = spawnProcess(process.execPath, [
      MAIN,
      "worker",
      UNCAUGHT,
      "--url",
      server.url,
      "--public",
    ]);
    await worker.waitForLine(/is connected to/);

    const { id } = server.fake.submit("@global", "public:careless:Uncaught");

    expect(await worker.exit).toMatchObject({ code: 2 });
    expect(worker.stderr()).toMatch(
      /^joblib: the worker stopped because of an uncaught error: RangeError: left behind\n {4}at .*uncaught\.ts:6:\d+\)\n$/m,
    );
    expect(server.fake.task(id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("RangeError: left behind"),
    });
    expect(server.fake.workers).toEqual([]);
  });

  test("`joblib worker` prints the differences to the schema of a registered job", async () => {
    await using server = await startFakeHttp();
    await server.fake.fakes.registerJob?.({
      params: { room_id: "@global" },
      query: undefined,
      body: {
        category: "arithmetic",
        name: "Multiply",
        schema: { type: "object", properties: { by: { type: "string" } } },
      },
      headers: new Headers(),
      signal: AbortSignal.timeout(1000),
      wait: 0,
    });

    const worker = startWorker(server.url, "--public");

    expect(await worker.exit).toMatchObject({ code: 7 });
    expect(worker.stderr()).toMatch(
      /^joblib: Job Multiply is already registered with a different schema\.$/m,
    );
    expect(worker.stderr()).toMatch(/^ {2}~ by: type: changed to "number"$/m);
    expect(worker.stderr()).toMatch(/^The registered schema cannot change while .*\n$/m);
  });

  test.each([
    ["without a room", ["worker", EXTENSIONS], 2, /has no room/],
    ["without its file", ["worker", "../gone.ts", "--public"], 2, /no such file/],
  ])("`joblib worker` fails %s with an error in one line", async (_, argv, code, message) => {
    const worker = spawnProcess(process.execPath, [MAIN, ...argv], { env: { JOBLIB_ROOM: undefined } });

    expect(await worker.exit).toMatchObject({ code });
    expect(worker.stderr()).toMatch(/^joblib: [^\n]*\n$/);
    expect(worker.stderr()).toMatch(message);
  });
});
