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

const createRunningTask = async (options: object = {}) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name, options);
  await api.claim(job.worker_id, { start: true });
  const log = (lines: object[], fence: object = { worker_id: job.worker_id, attempt: 1 }, user = "wes") =>
    api.as(user).patch(`/tasks/${id}`, { body: { ...fence, log: lines } });
  const read = async (query = "") => LogPage.parse(ok(await api.as("ann").get(`/tasks/${id}/logs${query}`)));
  return { room, job, id, log, read };
};
const getTexts = ({ items }: LogPage) => items.map(({ text }) => text);

describe("log lines of a task", () => {
  test("log lines of a task are stored in order, and only once if the worker sends them again", async () => {
    const { id, log, read } = await createRunningTask();
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

  test("log lines of a task can be read page by page", async () => {
    const { id, log, read } = await createRunningTask();
    ok(await log(Array.from({ length: 5 }, (_, number) => ({ number, text: `${number}` }))));

    const first = await read("?limit=2");
    const second = await read(`?limit=2&after=${first.after}`);
    const end = await read("?after=1.4");

    expect([getTexts(first), getTexts(second), getTexts(end)]).toEqual([["0", "1"], ["2", "3"], []]);
    expect(end.after).toBe("1.4");
    expect((await (await createRunningTask()).read()).after).toBeNull();
    expect(getErrorPointers(await api.as("ann").get(`/tasks/${id}/logs?after=x`))).toEqual(["/after"]);
  });

  test("log lines of a task can be sent with a status update, and are stored once if the update is repeated", async () => {
    const { id, job, read } = await createRunningTask();
    const body = {
      ...{ worker_id: job.worker_id, attempt: 1, status: "completed", result: 7 },
      log: [{ number: 0, text: "done" }],
    };

    expect(ok(await api.as("wes").patch(`/tasks/${id}`, { body })).status).toBe("completed");
    expect(ok(await api.as("wes").patch(`/tasks/${id}`, { body })).status).toBe("completed");
    expect(getTexts(await read())).toEqual(["done"]);
  });

  test("log lines of a task are rejected from a worker without the lease and after the task has ended", async () => {
    const { id, job, log, read } = await createRunningTask();
    const line = [{ number: 0, text: "a" }];

    expectProblem(await log(line, { worker_id: job.worker_id, attempt: 2 }), "task-lost");
    expectProblem(await log(line, {}, "ann"), "forbidden");
    ok(await api.update(id, { status: "completed", worker_id: job.worker_id, attempt: 1 }));
    expectProblem(await log(line, {}), "invalid-task-transition");
    expect((await read()).items).toEqual([]);
  });

  test("log lines of a task are limited in length, in number per request and in number per attempt", async () => {
    const { log, read } = await createRunningTask();

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

  test("log lines of a task are ordered by attempt", async () => {
    const { id, job, log, read } = await createRunningTask({
      max_attempts: 2,
      backoff: { kind: "fixed", seconds: 0 },
    });
    ok(await log([{ number: 0, text: "first" }]));
    ok(await api.update(id, { status: "failed", worker_id: job.worker_id, attempt: 1 }));
    await api.claim(job.worker_id, { start: true });
    ok(await log([{ number: 0, text: "second" }], { worker_id: job.worker_id, attempt: 2 }));

    expect(getTexts(await read())).toEqual(["first", "second"]);
  });

  test("log lines of a task are ignored if a failed update is repeated while the next attempt runs", async () => {
    const { id, job, read } = await createRunningTask({
      max_attempts: 2,
      backoff: { kind: "fixed", seconds: 0 },
    });
    const fence = { worker_id: job.worker_id, attempt: 1 };
    const body = { ...fence, status: "failed", log: [{ number: 0, text: "first" }] };
    ok(await api.update(id, body));
    await api.claim(job.worker_id, { start: true });

    expect(ok(await api.update(id, body))).toMatchObject({ status: "running", attempt: 2 });
    expect((await read()).items).toMatchObject([{ attempt: 1, text: "first" }]);
  });

  test("log lines of a task do not wake the long poll for the end of the task", async () => {
    const { id, log } = await createRunningTask();
    const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=1" } });
    ok(await log([{ number: 0, text: "a" }]));

    expect(ok(await waiting).status).toBe("running");
  });
});
