import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_PART_BYTES, OutputPage } from "../../protocol/index.ts";
import { type Api, openApi } from "../server/http/api.ts";
import { openEventStream } from "../server/http/event-stream.ts";
import { newRoomId } from "../server/http/fixtures.ts";
import { expectProblem, ok } from "../server/http/responses.ts";
import { eventually } from "../support/eventually.ts";

const MAX_BYTES = 30_000_000;
const ESCAPES = "\u001b]52;c;aGk=\u0007\u001b[2J\u001b]8;;http://evil.example\u0007click\u001b]8;;\u0007";

let api: Api;
let url: string;
const sockets = new Set<Socket>();
beforeAll(async () => {
  const limits = { task_output_max_bytes: MAX_BYTES, task_output_bytes_per_second: 1_000_000_000 };
  api = await openApi({ settings: limits });
  api.app.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  url = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

const startTask = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name);
  await api.claim(job.worker_id, { start: true });
  const write = (number: number, parts: unknown[], other: object = {}, user = "wes") =>
    api.as(user).patch(`/tasks/${id}`, {
      body: { worker_id: job.worker_id, attempt: 1, output: { number, parts }, ...other },
    });
  const read = async (query = "") =>
    OutputPage.parse(ok(await api.as("ann").get(`/tasks/${id}/output${query}`)));
  return { room, job, id, write, read };
};

test("only the worker that runs a task can write its output, and only readers of the task can read it", async () => {
  const { id, job, write, read } = await startTask();
  const foreign = await startTask();
  const updates = [{ id, attempt: 1, output: { number: 0, parts: ["forged"] } }];

  expectProblem(await write(0, ["forged"], {}, "outsider"), "forbidden");
  expectProblem(await write(0, ["forged"], {}, "ann"), "forbidden");
  expectProblem(await write(0, ["forged"], { worker_id: foreign.job.worker_id }), "task-lost");
  expectProblem(await write(0, ["forged"], { attempt: 2 }), "task-lost");
  const path = `/workers/${job.worker_id}/tasks`;
  expectProblem(await api.as("outsider").patch(path, { body: { updates } }), "forbidden");
  const headers = { prefer: "return=minimal" };
  const others = `/workers/${foreign.job.worker_id}/tasks`;
  expect(ok(await api.as("wes").patch(others, { body: { updates }, headers })).results).toMatchObject([
    { problem: { type: "/v1/problems/task-lost" } },
  ]);
  for (const suffix of ["output", "output/events", "output?from=0", "output/events?from=9.9"])
    expectProblem(await api.as("outsider").get(`/tasks/${id}/${suffix}`), "forbidden");

  expect((await read()).parts).toEqual([]);
});

test("an oversized, endless or malformed part of an output is refused, and the output keeps the parts that were stored earlier", async () => {
  const { id, write, read } = await startTask();
  ok(await write(0, ["kept"]));

  expectProblem(await write(1, ["x".repeat(2_000_000)]), "payload-too-large");
  expectProblem(await write(1, ["x".repeat(MAX_PART_BYTES)]), "validation-error");
  expectProblem(await write(1, ["\u0001".repeat(Math.ceil(MAX_PART_BYTES / 6))]), "validation-error");
  expectProblem(await write(1, ["\u{ffff}".repeat(Math.ceil(MAX_PART_BYTES / 3))]), "validation-error");
  expectProblem(await write(1, ["a\u0000b"]), "malformed-request");
  expectProblem(await write(1, ["\ud800"]), "malformed-request");
  expectProblem(await write(-1, ["a"]), "validation-error");
  expectProblem(await write(2 ** 31, ["a"]), "validation-error");
  expectProblem(await write(2 ** 31 - 1, ["a"]), "output-gap");
  expectProblem(await write(1.5, ["a"]), "validation-error");
  for (const from of ["-1", "1.", ".1", "1.2.3", "99999999999", "1e3", "NaN", "' or 1=1"])
    expectProblem(
      await api.as("ann").get(`/tasks/${id}/output?from=${encodeURIComponent(from)}`),
      "validation-error",
    );

  expect(await read()).toMatchObject({ parts: ["kept"], next: "1.1" });
});

test("the parts of an output keep their text unchanged, including terminal escapes and HTML", async () => {
  const { id, write, read } = await startTask();
  const parts = [
    ESCAPES,
    "a\r\nb",
    "\u202eabc",
    "<script>alert(1)</script>",
    { __html: "<b>" },
    "\n\ndata: x\n\n",
  ];
  ok(await write(0, parts));

  expect((await read()).parts).toEqual(parts);
  await using stream = await openEventStream(`${url}/v1/joblib/tasks/${id}/output/events`, {
    "x-user": "ann",
  });
  const { data } = await stream.nextMatching(({ event }) => event === "parts");
  expect(data).toEqual({ attempt: 1, number: 0, parts });
});

test("the server stores each part of an output once and in order during a flood of concurrent and repeated appends", async () => {
  const { write, read } = await startTask();
  const parts = Array.from({ length: 300 }, (_, number) => number);
  let stored = 0;
  while (stored < parts.length) {
    const flood = Array.from({ length: 40 }, (_, turn) => {
      const number = Math.max(0, stored - (turn % 7));
      return write(number, parts.slice(number, number + 1 + (turn % 30)));
    });
    for (const { status } of await Promise.all(flood)) expect(status).toBeOneOf([200, 409, 503]);
    stored = (await read()).parts.length;
  }

  expect((await read()).parts).toEqual(parts);
});

test("a client that does not read an output's event stream does not slow the worker, and the server buffers little data for the client", async () => {
  const { id, write } = await startTask();
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname).pause();
  socket.on("error", () => {});
  socket.write(
    `GET /v1/joblib/tasks/${id}/output/events HTTP/1.1\r\nHost: localhost\r\nX-User: ann\r\nPrefer: wait=60\r\n\r\n`,
  );
  const served = await eventually(
    () =>
      [...sockets].find(
        ({ remotePort, bytesWritten }) => remotePort === socket.localPort && bytesWritten > 0,
      ),
    (found) => found !== undefined,
  );
  if (served === undefined) throw new Error("the server did not respond");

  let buffered = 0;
  // Continues until the socket buffers of the operating system are full.
  for (let number = 0; number < 120; number += 1) {
    ok(await write(number, ["x".repeat(200_000)]));
    buffered = Math.max(buffered, served.writableLength);
  }

  await eventually(() => served.writableLength > 0);
  expect(buffered).toBeLessThan(2_000_000);
  socket.destroy();
}, 60_000);
