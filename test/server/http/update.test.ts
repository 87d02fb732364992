import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TaskStatus } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** The transitions that a PATCH can make. */
const ALLOWED: Record<TaskStatus, TaskStatus[]> = {
  pending: ["cancelled"],
  claimed: ["running", "failed", "cancelled"],
  running: ["completed", "failed", "cancelled"],
  ...{ completed: [], failed: [], cancelled: [] },
};
const STEPS = TaskStatus.options.flatMap((from) => TaskStatus.options.map((to) => ({ from, to })));
const isEnd = (status: TaskStatus) => ALLOWED[status].length === 0;

describe("status update", () => {
  test.each(
    STEPS.filter(({ from, to }) => ALLOWED[from].includes(to)),
  )("a status update from $from to $to is accepted", async ({ from, to }) => {
    const { id } = await api.createTask(from);

    expect(ok(await api.update(id, { status: to }, "root")).status).toBe(to);
    expect((await api.readTask(id)).status).toBe(to);
  });

  test.each(
    STEPS.filter(({ from, to }) => !ALLOWED[from].includes(to) && !(from === to && isEnd(from))),
  )("a status update from $from to $to is rejected with the allowed transitions", async ({ from, to }) => {
    const { id, task } = await api.createTask(from);

    const problem = expectProblem(await api.update(id, { status: to }, "root"), "invalid-task-transition");

    expect(problem).toMatchObject({ from, to, allowed: ALLOWED[from] });
    const { queue_position: _, ...before } = task;
    expect(await api.readTask(id)).toMatchObject({ status: from, attempt: before.attempt });
  });

  test("a status update is rejected if its status is unknown or it updates nothing", async () => {
    const { id } = await api.createTask("running");

    expect(getErrorPointers(await api.update(id, { status: "done" }))).toEqual(["/status"]);
    expect(getErrorPointers(await api.update(id, {}))).toEqual(["/status"]);
  });

  test("a status update records the times at which the task started and ended", async () => {
    const { id } = await api.createTask("claimed");

    const running = ok(await api.update(id, { status: "running" }));
    const completed = ok(await api.update(id, { status: "completed" }));

    expect(running).toMatchObject({ runs: 1, started_at: expect.any(String), completed_at: null });
    expect(completed).toMatchObject({ runs: 1, started_at: running.started_at, result: null, error: null });
    expect(Date.parse(completed.completed_at ?? "")).toBeGreaterThanOrEqual(
      Date.parse(running.started_at ?? ""),
    );
  });

  test("a status update counts as a heartbeat of its worker", async () => {
    const { id, worker, room, job } = await api.createTask("running");
    await api.ageWorker(worker);

    ok(await api.update(id, { progress: {}, worker_id: worker, attempt: 1 }));

    expect(ok(await api.as("ann").get(`/rooms/${room}/jobs/${job.full_name}`)).workers).toEqual([worker]);
  });
});

describe("result", () => {
  test.each([
    { result: 0 },
    { result: "" },
    { result: [] },
    { result: { a: [null, "ü"] } },
    { result: false },
  ])("the result %j of a task is stored unchanged", async ({ result }) => {
    const { id } = await api.createTask("running");

    ok(await api.update(id, { status: "completed", result }));

    expect((await api.readTask(id)).result).toEqual(result);
  });

  test("a result that does not match the job's result schema is rejected, and the task keeps running", async () => {
    const result_schema = { type: "object", required: ["n"], properties: { n: { type: "number" } } };
    const { id } = await api.createTask("running", { job: { result_schema } });
    const complete = (result?: unknown) => api.update(id, { status: "completed", result });

    expect(getErrorPointers(await complete({ n: "x" }))).toEqual(["/result/n"]);
    expect(getErrorPointers(await complete({}))[0]).toMatch(/^\/result/);
    expect(getErrorPointers(await complete())).toEqual(["/result"]);
    expect((await api.readTask(id)).status).toBe("running");
    expect(ok(await complete({ n: 1 })).result).toEqual({ n: 1 });
  });

  test("the result of a failed task is stored without validation", async () => {
    const { id } = await api.createTask("running", { job: { result_schema: { type: "number" } } });

    ok(await api.update(id, { status: "failed", error: "half done", result: "half" }));

    expect(await api.readTask(id)).toMatchObject({ error: "half done", result: "half" });
  });
});

describe("error", () => {
  test.each([
    ["x".repeat(65_536), "x".repeat(65_537)],
    ["é".repeat(32_768), "é".repeat(32_769)],
    ["😀".repeat(16_384), `${"😀".repeat(16_384)}x`],
  ])("the error of a task is limited to 64 KiB in UTF-8: %.2s", async (longest, longer) => {
    const { id } = await api.createTask("running");

    expect(getErrorPointers(await api.update(id, { status: "failed", error: longer }))).toEqual(["/error"]);
    ok(await api.update(id, { status: "failed", error: longest }));

    expect((await api.readTask(id)).error).toBe(longest);
  });

  test("the error of a task is recorded for its attempt, as an empty text if it is omitted", async () => {
    const [{ id, worker }, silent] = [await api.createTask("failed"), await api.createTask("running")];
    ok(await api.update(silent.id, { status: "failed" }));

    expect((await api.readTask(id)).errors).toEqual([
      {
        ...{ attempt: 1, at: expect.stringMatching(/\.\d{3}Z$/), error: "broken", worker_id: worker },
        ...{
          outcome: "failed",
          claimed_at: expect.stringMatching(/Z$/),
          started_at: expect.stringMatching(/Z$/),
        },
      },
    ]);
    expect(await api.readTask(silent.id)).toMatchObject({ error: null, errors: [{ error: "" }] });
  });
});

describe("progress of a task", () => {
  test("the progress of a task can be updated repeatedly without a status", async () => {
    const { id } = await api.createTask("running");

    const first = ok(await api.update(id, { progress: { fraction: 0.25, message: "reading" } }));
    ok(await api.update(id, { progress: { fraction: 1 } }));

    expect(first).toMatchObject({ status: "running", progress: { fraction: 0.25, message: "reading" } });
    expect((await api.readTask(id)).progress).toEqual({ fraction: 1 });
  });

  test.each([
    { fraction: 1.1 },
    { fraction: -0.1 },
    { message: "x".repeat(1001) },
    { message: 1 },
  ])("the progress of a task is rejected if it is %j", async (progress) => {
    const { id } = await api.createTask("running");

    expect(getErrorPointers(await api.update(id, { progress }))).toEqual([
      `/progress/${Object.keys(progress)[0]}`,
    ]);
  });

  test.each([
    "pending",
    "claimed",
    "completed",
    "failed",
    "cancelled",
  ] as const)("the progress of a task cannot be updated if the task is %s", async (status) => {
    const { id } = await api.createTask(status);

    const response = await api.update(id, { progress: { fraction: 0.5 } }, "root");

    expect(expectProblem(response, "invalid-task-transition").detail).toBe(
      `The task is ${status}. Progress can be reported only for a running task.`,
    );
    expect((await api.readTask(id)).progress).toBeNull();
  });

  test("the progress of a task can be sent with a status update", async () => {
    const { id } = await api.createTask("claimed");

    expect(ok(await api.update(id, { status: "running", progress: { fraction: 0 } }))).toMatchObject({
      ...{ status: "running", progress: { fraction: 0 } },
    });
  });
});
