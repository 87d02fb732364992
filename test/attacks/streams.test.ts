import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LogPage, MAX_LINES_PER_ATTEMPT } from "../../protocol/index.ts";
import { type Api, openApi } from "../server/http/api.ts";
import { openEventStream } from "../server/http/event-stream.ts";
import { newRoomId } from "../server/http/fixtures.ts";
import { expectProblem, ok } from "../server/http/responses.ts";
import { eventually } from "../support/eventually.ts";

/** Maximum number of long polls and streams per user in these tests. */
const MAX_STREAMS = 40;
const ESCAPES = "\u001b]52;c;aGk=\u0007\u001b[2J\u001b]8;;http://evil.example\u0007click\u001b]8;;\u0007";

let api: Api;
let url: string;
const sockets = new Set<Socket>();
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_per_user: MAX_STREAMS } });
  api.app.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  url = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

const getStreamUrl = (path: string) => `${url}/v1/joblib${path}/events`;
const startTask = async (payload: object = {}) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name, { payload });
  await api.claim(job.worker_id, { start: true });
  // The response omits the payload, because some tests send hundreds of updates to a large task.
  const update = (body: object) =>
    api.as("wes").patch(`/tasks/${id}`, {
      headers: { prefer: "return=minimal" },
      body: { worker_id: job.worker_id, attempt: 1, ...body },
    });
  return { room, job, id, update };
};

/** Requests a stream and reads nothing from it. */
const openSlowReader = async (path: string, user: string, seconds: number): Promise<Socket> => {
  const { port, hostname } = new URL(url);
  const before = new Set(sockets);
  const socket = connect(Number(port), hostname).pause();
  socket.on("error", () => {});
  socket.write(
    `GET /v1/joblib${path}/events HTTP/1.1\r\nHost: localhost\r\nX-User: ${user}\r\nPrefer: wait=${seconds}\r\n\r\n`,
  );
  await eventually(() => [...sockets].some((one) => !before.has(one) && one.bytesWritten > 0));
  return socket;
};

describe("event streams", () => {
  test("an event stream whose client does not read skips changes, buffers little and is finally closed", async () => {
    const { room, id, update } = await startTask({ filler: "x".repeat(900_000) });
    const readers = [
      await openSlowReader(`/rooms/${room}`, "ann", 15),
      await openSlowReader(`/tasks/${id}`, "ann", 15),
    ];
    const served = [...sockets].filter(({ remotePort }) =>
      readers.some(({ localPort }) => localPort === remotePort),
    );
    expect(served).toHaveLength(2);

    // Continues until the socket buffers of the operating system are full: each event contains the
    // whole task.
    const isFull = () => served.every(({ writableLength }) => writableLength > 0);
    let buffered = 0;
    let updatesWhileFull = 0;
    for (let step = 0; step < 600 && updatesWhileFull < 20; step += 1) {
      ok(await update({ progress: { fraction: step / 600 } }));
      if (isFull()) updatesWhileFull += 1;
      buffered = Math.max(buffered, ...served.map(({ writableLength }) => writableLength));
    }

    expect(updatesWhileFull).toBe(20);
    expect(buffered).toBeLessThan(4_000_000);
    await eventually(() => served.every(({ destroyed }) => destroyed), Boolean, { timeoutMs: 40_000 });
    for (const reader of readers) reader.destroy();
  }, 90_000);

  test("a user cannot open more event streams than the limit until a stream is closed, and other users are not affected", async () => {
    const path = getStreamUrl(`/rooms/${newRoomId()}`);
    const open = await Promise.all(
      Array.from({ length: MAX_STREAMS }, () => openEventStream(path, { "x-user": "ann" })),
    );

    const refused = await fetch(path, { headers: { "x-user": "ann" } });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await refused.json()).toMatchObject({ type: "/v1/problems/rate-limited" });
    await using others = await openEventStream(path, { "x-user": "wes" });
    expect(await others.next()).toMatchObject({ event: "ready" });
    for (const stream of open) await stream[Symbol.asyncDispose]();
    await using again = await eventually(() => openEventStream(path, { "x-user": "ann" }));
    expect(await again.next()).toMatchObject({ event: "ready" });
  });

  test.each([
    "",
    " ",
    "0",
    "-1",
    "1_",
    "1_x",
    "99999999999999999999",
    "1_1.99999999999",
    "a".repeat(10_000),
    "\u00ff",
  ])("an event stream with the invalid Last-Event-ID %j starts from the beginning", async (lastEventId) => {
    const { room, id } = await startTask();
    const headers = { "x-user": "ann", "last-event-id": lastEventId };
    await using task = await openEventStream(getStreamUrl(`/tasks/${id}`), headers);
    await using wholeRoom = await openEventStream(getStreamUrl(`/rooms/${room}`), headers);

    expect(await task.next()).toMatchObject({ event: "task", data: { id } });
    expect((await wholeRoom.next()).event).toBeOneOf(["ready", "reset"]);
  });

  test("an event stream ends after at most 15 minutes, and a user whose access was revoked cannot open the stream again", async () => {
    const { room, id } = await startTask();
    api.grant("guest", room, "read");
    const headers = { "x-user": "guest", prefer: "wait=1" };
    await using stream = await openEventStream(getStreamUrl(`/tasks/${id}`), headers);
    api.grant("guest", room);
    await stream.readToEnd();

    for (const path of [`/tasks/${id}/events`, `/rooms/${room}/events`]) {
      expectProblem(await api.as("guest").get(path, { headers: { prefer: "wait=0" } }), "forbidden");
    }
    const endless = await fetch(getStreamUrl(`/rooms/${room}`), {
      headers: { "x-user": "ann", prefer: "wait=1e9" },
    });
    expect(endless.headers.get("preference-applied") ?? "wait=900").toBe("wait=900");
    await endless.body?.cancel();
  });
});

describe("task log", () => {
  test("a flooded task log keeps its first lines up to the limit, each once, and the server keeps working", async () => {
    const { id, update } = await startTask();
    const lines = (from: number) =>
      Array.from({ length: 500 }, (_, index) => ({
        number: from + index,
        text: `${from + index} ${"x".repeat(300)}`,
      }));
    const flood = Array.from({ length: 60 }, (_, turn) => update({ log: lines((turn % 20) * 500) }));

    for (const { status } of await Promise.all(flood)) expect(status).toBe(200);
    let after = "";
    const kept: number[] = [];
    for (;;) {
      const page = LogPage.parse(ok(await api.as("ann").get(`/tasks/${id}/logs?limit=1000${after}`)));
      kept.push(...page.items.map(({ number }) => number));
      if (page.items.length === 0) break;
      after = `&after=${page.after}`;
    }
    expect(kept).toEqual(Array.from({ length: MAX_LINES_PER_ATTEMPT }, (_, number) => number));
  });

  test("a task log keeps text unchanged, including terminal escapes, and refuses invalid text", async () => {
    const { id, update } = await startTask();
    const texts = [ESCAPES, "a\r\nb", "\u202eabc", "<script>alert(1)</script>", "😀".repeat(500)];
    ok(await update({ log: texts.map((text, number) => ({ number, text })) }));

    await using stream = await openEventStream(getStreamUrl(`/tasks/${id}`), { "x-user": "ann" });
    const { data } = await stream.nextMatching(({ event }) => event === "log");
    expect(LogPage.parse(data).items.map(({ text }) => text)).toEqual(texts);
    expectProblem(await update({ log: [{ number: 9, text: "a\u0000b" }] }), "malformed-request");
    expectProblem(await update({ log: [{ number: 9, text: "x".repeat(2001) }] }), "validation-error");
    expectProblem(await update({ log: [{ number: 2 ** 31, text: "" }] }), "validation-error");
    expectProblem(await update({ log: [{ number: 0.5, text: "", at: "soon" }] }), "validation-error");
  });

  test("only the worker with the lease of a task can write to the log of the task", async () => {
    const { id, update } = await startTask();
    const log = [{ number: 0, text: "forged" }];

    expectProblem(await api.as("outsider").patch(`/tasks/${id}`, { body: { log } }), "forbidden");
    expectProblem(await api.as("ann").patch(`/tasks/${id}`, { body: { log } }), "forbidden");
    expectProblem(await update({ attempt: 2, log }), "task-lost");
    expect(ok(await api.as("ann").get(`/tasks/${id}/logs`)).items).toEqual([]);
  });
});
