import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAX_PART_BYTES, OutputPage } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { type EventStream, openEventStream } from "./event-stream.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

const MAX_BYTES = 1_000_000;
const RETRIED = { max_attempts: 3, backoff: { kind: "fixed", seconds: 0 } };

let api: Api;
let url: string;
beforeAll(async () => {
  api = await openApi({ settings: { task_output_max_bytes: MAX_BYTES } });
  url = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

const createRunningTask = async (options: object = {}) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name, options);
  await api.claim(job.worker_id, { start: true });
  const update = (body: object, attempt = 1) =>
    api.as("wes").patch(`/tasks/${id}`, { body: { worker_id: job.worker_id, attempt, ...body } });
  const write = (number: number, parts: unknown[], attempt = 1) =>
    update({ output: { number, parts } }, attempt);
  const read = async (query = "") =>
    OutputPage.parse(ok(await api.as("ann").get(`/tasks/${id}/output${query}`)));
  const follow = (query = "", headers: Record<string, string> = {}): Promise<EventStream> =>
    openEventStream(`${url}/v1/joblib/tasks/${id}/output/events${query}`, { "x-user": "ann", ...headers });
  return { room, job, id, update, write, read, follow };
};

describe("output of a task", () => {
  test("the output of a task contains the parts in order, and each part only once if the worker sends it again", async () => {
    const { id, write, read } = await createRunningTask();

    expect(ok(await write(0, ["Hello", ", "]))).toMatchObject({ id, status: "running" });
    ok(await write(0, ["Hello", ", "]));
    ok(await write(1, [", ", "world", { done: true }]));

    const parts = ["Hello", ", ", "world", { done: true }];
    expect(await read()).toEqual({ attempt: 1, number: 0, parts, next: "1.4" });
    expect(await read("?from=2")).toEqual({ attempt: 1, number: 2, parts: parts.slice(2), next: "1.4" });
    expect(await read("?from=1.4")).toEqual({ attempt: 1, number: 4, parts: [], next: "1.4" });
    expect(getErrorPointers(await api.as("ann").get(`/tasks/${id}/output?from=x`))).toEqual(["/from"]);
  });

  test("a worker can append to the outputs of many tasks in one request, with a response for each task", async () => {
    const first = await createRunningTask();
    const { id: second } = await api.submit(first.room, first.job.full_name);
    await api.claim(first.job.worker_id, { start: true });
    const output = { number: 0, parts: ["a"] };
    const updates = [
      { id: first.id, attempt: 1, output },
      { id: second, attempt: 1, output: { number: 5, parts: ["b"] } },
      { id: second, attempt: 7, output },
      { id: first.id, attempt: 1, output: { number: 1, parts: ["b"] } },
      { id: first.id, attempt: 1, status: "completed", output: { number: 2, parts: ["c"] } },
    ];
    const headers = { prefer: "return=minimal" };
    const path = `/workers/${first.job.worker_id}/tasks`;

    const response = ok(await api.as("wes").patch(path, { body: { updates }, headers }));

    expect(response.results).toMatchObject([
      { id: first.id, status: "running" },
      { id: second, problem: { type: "/v1/problems/output-gap" } },
      { id: second, problem: { type: "/v1/problems/task-lost" } },
      { id: first.id, status: "running" },
      { id: first.id, status: "completed" },
    ]);
    expect((await first.read()).parts).toEqual(["a", "b", "c"]);
  });

  test("the last part of an output can be sent with the completion, and is stored once if the request is repeated", async () => {
    const { update, read } = await createRunningTask();
    const body = { status: "completed", result: 7, output: { number: 0, parts: ["done"] } };

    expect(ok(await update(body)).status).toBe("completed");
    expect(ok(await update(body)).status).toBe("completed");

    expect((await read()).parts).toEqual(["done"]);
  });

  test("a part of an output is refused if a part before it is missing", async () => {
    const { write, read } = await createRunningTask();
    ok(await write(0, ["a"]));

    const detail = "Parts 1 to 2 are missing. Send the parts from number 1.";
    expect(expectProblem(await write(3, ["d"]), "output-gap")).toMatchObject({ detail });
    expect((await read()).parts).toEqual(["a"]);
  });

  test("a part of an output is refused from a worker without the lease and after the task has ended", async () => {
    const { id, update, write, read } = await createRunningTask();
    const body = { output: { number: 0, parts: ["x"] } };

    expectProblem(await write(0, ["x"], 2), "task-lost");
    expectProblem(await api.as("ann").patch(`/tasks/${id}`, { body }), "forbidden");
    ok(await update({ status: "completed" }));
    expectProblem(await write(0, ["x"]), "invalid-task-transition");
    expect((await read()).parts).toEqual([]);
  });

  test("the output of a task is limited in its total size, in the size of a part and in the number of parts per request", async () => {
    const { id, write, read } = await createRunningTask();
    const part = "x".repeat(200_000);
    for (let number = 0; number < 4; number += 1) ok(await write(number, [part]));

    expect(expectProblem(await write(4, [part]), "output-too-large").detail).toContain(
      "JOBLIB_TASK_OUTPUT_MAX_BYTES",
    );
    ok(await write(4, ["small"]));
    expect((await read("?from=4")).parts).toEqual(["small"]);
    const large = await write(5, ["a", "x".repeat(MAX_PART_BYTES)]);
    expect(getErrorPointers(large)).toEqual(["/output/parts/1"]);
    expect(getErrorPointers(await write(5, []))).toEqual(["/output/parts"]);
    expect(
      getErrorPointers(
        await write(
          5,
          Array.from({ length: 1001 }, () => 0),
        ),
      ),
    ).toEqual(["/output/parts"]);
    expectProblem(await write(5, ["a\u0000b"]), "malformed-request");
    expect(ok(await api.as("ann").get(`/tasks/${id}`)).status).toBe("running");
  });
});

describe("event stream of an output", () => {
  test("the event stream of an output sends the parts as they arrive, and then the end of the task", async () => {
    const { update, write, follow } = await createRunningTask();
    ok(await write(0, ["one"]));
    await using stream = await follow();

    expect(await stream.next()).toMatchObject({ event: "attempt", data: { attempt: 1 }, id: "1.0" });
    expect(await stream.next()).toEqual({
      event: "parts",
      data: { attempt: 1, number: 0, parts: ["one"] },
      id: "1.1",
    });
    ok(await write(1, ["two", 3]));
    expect(await stream.next()).toMatchObject({ event: "parts", data: { number: 1, parts: ["two", 3] } });
    ok(await update({ status: "completed", output: { number: 3, parts: ["four"] } }));

    expect(await stream.readToEnd()).toMatchObject([
      { event: "parts", data: { number: 3, parts: ["four"] }, id: "1.4" },
      { event: "end", data: { attempt: 1, status: "completed", count: 4 }, id: "1.4" },
    ]);
  });

  test("the event stream of the output of an ended task begins with the first part or with any other part that the reader requests", async () => {
    const { update, write, follow } = await createRunningTask();
    ok(await write(0, ["a", "b", "c"]));
    ok(await update({ status: "failed", error: "no" }));
    const end = { event: "end", data: { status: "failed", count: 3 } };

    await using whole = await follow();
    await using rest = await follow("?from=2");
    await using resumed = await follow("", { "last-event-id": "1.1" });

    expect(await whole.readToEnd()).toMatchObject([{ event: "attempt" }, { data: { number: 0 } }, end]);
    expect(await rest.readToEnd()).toMatchObject([{ event: "attempt" }, { data: { parts: ["c"] } }, end]);
    expect(await resumed.readToEnd()).toMatchObject([{ data: { number: 1, parts: ["b", "c"] } }, end]);
  });

  test("the event stream of an output announces a new attempt and continues with its first part", async () => {
    const { job, update, write, follow } = await createRunningTask(RETRIED);
    ok(await write(0, ["first"]));
    await using stream = await follow();
    await stream.nextMatching(({ event }) => event === "parts");
    ok(await update({ status: "failed", error: "no" }));
    await api.claim(job.worker_id, { start: true });
    ok(await write(0, ["second"], 2));
    ok(await update({ status: "completed" }, 2));

    expect(await stream.readToEnd()).toMatchObject([
      { event: "attempt", data: { attempt: 2 } },
      { event: "parts", data: { attempt: 2, number: 0, parts: ["second"] } },
      { event: "end", data: { attempt: 2, status: "completed", count: 1 } },
    ]);
  });

  test("the event stream of an output sends the rest of an attempt that was partly read, and then the next attempt", async () => {
    const { job, update, write, read, follow } = await createRunningTask(RETRIED);
    ok(await write(0, ["a", "b"]));
    ok(await update({ status: "failed", error: "no" }));
    await api.claim(job.worker_id, { start: true });
    ok(await write(0, ["c"], 2));

    expect((await read("?from=1.1")).parts).toEqual(["b"]);
    await using stream = await follow("?from=1.1");
    expect([
      await stream.next(),
      await stream.next(),
      await stream.next(),
      await stream.next(),
    ]).toMatchObject([
      { event: "attempt", data: { attempt: 1 } },
      { event: "parts", data: { attempt: 1, number: 1, parts: ["b"] } },
      { event: "attempt", data: { attempt: 2 } },
      { event: "parts", data: { attempt: 2, number: 0, parts: ["c"] } },
    ]);
  });

  test("the event stream of an output waits for a task that has not started", async () => {
    const room = newRoomId();
    const job = await api.registerJob(room);
    const { id } = await api.submit(room, job.full_name);
    const path = `${url}/v1/joblib/tasks/${id}/output/events`;
    await using stream = await openEventStream(path, { "x-user": "ann" });
    await api.claim(job.worker_id, { start: true });
    const output = { number: 0, parts: ["x"] };
    ok(await api.update(id, { worker_id: job.worker_id, attempt: 1, output }));

    const { data } = await stream.nextMatching(({ event }) => event === "parts");
    expect(data).toEqual({ attempt: 1, number: 0, parts: ["x"] });
  });

  test("the event stream of an output is available only to callers who can read the task", async () => {
    const { id } = await createRunningTask();
    for (const path of [`/tasks/${id}/output`, `/tasks/${id}/output/events`]) {
      expectProblem(await api.as("outsider").get(path), "forbidden");
      expectProblem(await api.as("ann").get(path.replace(id, crypto.randomUUID())), "task-not-found");
    }
  });
});

describe("worker that stores output faster than allowed", () => {
  test("a worker that stores output faster than allowed gets 429 until the server accepts the next part", async () => {
    const slow = await openApi({ settings: { task_output_bytes_per_second: 1024 } });
    const room = newRoomId();
    const job = await slow.registerJob(room);
    const { id } = await slow.submit(room, job.full_name);
    await slow.claim(job.worker_id, { start: true });
    const write = (number: number) =>
      slow.as("wes").patch(`/tasks/${id}`, {
        body: { worker_id: job.worker_id, attempt: 1, output: { number, parts: ["x".repeat(1500)] } },
      });

    ok(await write(0));
    const refused = await write(1);
    expectProblem(refused, "rate-limited");
    expect(refused.headers["retry-after"]).toBe("1");
    let response = refused;
    while (response.status === 429) response = await write(1);
    expect(response.status).toBe(200);
    const page = OutputPage.parse(ok(await slow.as("ann").get(`/tasks/${id}/output`)));
    expect(page.parts).toHaveLength(2);
    await slow.close();
  });
});
