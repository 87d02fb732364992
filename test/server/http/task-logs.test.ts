import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LogPage, MAX_LINES_PER_ATTEMPT } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const aRunningTask = async (options: object = {}) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name, options);
  await api.claim(job.worker_id, { start: true });
  const log = (lines: object[], hold: object = { worker_id: job.worker_id, attempt: 1 }, user = "wes") =>
    api.as(user).patch(`/tasks/${id}`, { body: { ...hold, log: lines } });
  const read = async (query = "") => LogPage.parse(ok(await api.as("ann").get(`/tasks/${id}/logs${query}`)));
  return { room, job, id, log, read };
};
const textsOf = ({ items }: LogPage) => items.map(({ text }) => text);

describe("lines of a task's log", () => {
  test("are kept in their order, each once however often it is sent", async () => {
    const { id, log, read } = await aRunningTask();
    const at = "2026-01-02T03:04:05.678Z";

    expect(ok(await log([{ number: 1, text: "two", level: "warn", at }]))).toMatchObject({
      id,
      status: "running",
    });
    ok(
      await log([
        { number: 0, text: "one" },
        { number: 1, text: "another two" },
      ]),
    );

    const page = await read();
    expect(page).toMatchObject({
      items: [
        { attempt: 1, number: 0, level: "info", text: "one" },
        { attempt: 1, number: 1, level: "warn", text: "two", at },
      ],
      after: "1.1",
    });
  });

  test("are read on from where the page before ended", async () => {
    const { id, log, read } = await aRunningTask();
    ok(await log(Array.from({ length: 5 }, (_, number) => ({ number, text: `${number}` }))));

    const first = await read("?limit=2");
    const second = await read(`?limit=2&after=${first.after}`);
    const end = await read("?after=1.4");

    expect([textsOf(first), textsOf(second), textsOf(end)]).toEqual([["0", "1"], ["2", "3"], []]);
    expect(end.after).toBe("1.4");
    expect((await (await aRunningTask()).read()).after).toBeNull();
    expect(getErrorPointers(await api.as("ann").get(`/tasks/${id}/logs?after=x`))).toEqual(["/after"]);
  });

  test("come with a step, and with its repetition", async () => {
    const { id, job, read } = await aRunningTask();
    const body = {
      ...{ worker_id: job.worker_id, attempt: 1, status: "completed", result: 7 },
      log: [{ number: 0, text: "done" }],
    };

    expect(ok(await api.as("wes").patch(`/tasks/${id}`, { body })).status).toBe("completed");
    expect(ok(await api.as("wes").patch(`/tasks/${id}`, { body })).status).toBe("completed");
    expect(textsOf(await read())).toEqual(["done"]);
  });

  test("are refused of who does not hold the task, or does not run it", async () => {
    const { id, job, log, read } = await aRunningTask();
    const line = [{ number: 0, text: "a" }];

    expectProblem(await log(line, { worker_id: job.worker_id, attempt: 2 }), "task-lost");
    expectProblem(await log(line, {}, "ann"), "forbidden");
    ok(await api.update(id, { status: "completed", worker_id: job.worker_id, attempt: 1 }));
    expectProblem(await log(line, {}), "invalid-task-transition");
    expect((await read()).items).toEqual([]);
  });

  test("have bounds: 500 at once, 2,000 characters, and the first thousands of an attempt", async () => {
    const { log, read } = await aRunningTask();

    expectProblem(
      await log(Array.from({ length: 501 }, (_, number) => ({ number, text: "" }))),
      "validation-error",
    );
    expect(getErrorPointers(await log([{ number: 0, text: "x".repeat(2001) }]))).toEqual(["/log/0/text"]);
    expectProblem(await log([{ number: 0, text: "a\u0000b" }]), "malformed-request");
    ok(
      await log([MAX_LINES_PER_ATTEMPT - 1, MAX_LINES_PER_ATTEMPT].map((number) => ({ number, text: "a" }))),
    );
    expect((await read()).items).toHaveLength(1);
  });

  test("of several attempts stand one after the other", async () => {
    const { id, job, log, read } = await aRunningTask({
      max_attempts: 2,
      backoff: { kind: "fixed", seconds: 0 },
    });
    ok(await log([{ number: 0, text: "first" }]));
    ok(await api.update(id, { status: "failed", worker_id: job.worker_id, attempt: 1 }));
    await api.claim(job.worker_id, { start: true });
    ok(await log([{ number: 0, text: "second" }], { worker_id: job.worker_id, attempt: 2 }));

    expect(textsOf(await read())).toEqual(["first", "second"]);
  });

  test("do not wake who waits for the task's end", async () => {
    const { id, log } = await aRunningTask();
    const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=1" } });
    ok(await log([{ number: 0, text: "a" }]));

    expect(ok(await waiting).status).toBe("running");
  });
});
