import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const retry = (id: string, user = "ann") => api.as(user).post(`/tasks/${id}/retry`);

describe("retry", () => {
  test("a retry clears result, error and progress, and keeps the attempt number and the list of earlier errors", async () => {
    const task = { payload: { a: 1 }, priority: 3, max_attempts: 1, timeout_seconds: 60 };
    const { id, worker } = await api.createTask("running", { task });
    ok(await api.update(id, { progress: { fraction: 0.5 } }));
    const step = { status: "failed", error: "broken", result: 1, worker_id: worker, attempt: 1 };
    const failed = ok(await api.update(id, step));
    expect(failed).toMatchObject({ result: 1, runs: 1, progress: { fraction: 0.5 } });

    const response = ok(await retry(id));

    expect(response).toMatchObject({
      ...{ id, status: "pending", runs: 0, error: null, result: null, progress: null, worker_id: null },
      ...{ started_at: null, completed_at: null, attempt: 1, created_by_id: "ann", ...task },
      errors: [{ attempt: 1, error: "broken", worker_id: worker }],
    });
    expect(await api.readTask(id)).toEqual({ ...response, queue_position: 1 });
    expect(await api.claim(worker, { start: true })).toMatchObject({ id, attempt: 2, runs: 1 });
  });

  test("a retry makes a cancelled task pending and due immediately, even if it was delayed", async () => {
    const { id, worker } = await api.createTask("pending", { task: { delay_seconds: 3600 } });
    ok(await api.update(id, { status: "cancelled", error: "no longer wanted" }, "ann"));

    expect(ok(await retry(id))).toMatchObject({ status: "pending", error: null, errors: [] });

    expect((await api.claim(worker)).id).toBe(id);
  });

  test("a retry allows max_attempts further attempts", async () => {
    const task = { max_attempts: 2, backoff: { kind: "fixed", seconds: 0 } };
    const { id, worker } = await api.createTask("running", { task });
    const fail = async (attempt: number) =>
      ok(await api.update(id, { status: "failed", worker_id: worker, attempt })).status;
    const start = () => api.claim(worker, { start: true });
    const statuses = [await fail(1)];
    await start();
    statuses.push(await fail(2));
    ok(await retry(id));
    await start();
    statuses.push(await fail(3));
    await start();
    statuses.push(await fail(4));

    expect(statuses).toEqual(["pending", "failed", "pending", "failed"]);
    expect((await api.readTask(id)).errors).toHaveLength(4);
  });

  test.each([
    "pending",
    "claimed",
    "running",
    "completed",
  ] as const)("a retry of a %s task is rejected and changes nothing", async (status) => {
    const { id } = await api.createTask(status);
    const before = await api.readTask(id);

    const problem = expectProblem(await retry(id), "invalid-task-transition");

    expect(problem).toMatchObject({
      ...{ from: status, to: "pending" },
      detail: `The task is ${status}. Only failed and cancelled tasks can be retried.`,
    });
    expect(await api.readTask(id)).toEqual(before);
  });

  test("a retry is allowed for the submitter of the task and for admins", async () => {
    const { id } = await api.createTask("failed");

    for (const user of ["wes", "rea", "outsider"]) expectProblem(await retry(id, user), "forbidden");
    expect(ok(await retry(id, "root")).created_by_id).toBe("ann");
  });

  test("a retry fails with job-not-found if the job was removed, even if a new job has the same name", async () => {
    const { id, worker, room, job } = await api.createTask("failed");
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);

    expectProblem(await retry(id), "job-not-found");
    await api.registerJob(room, { name: job.name });
    expectProblem(await retry(id), "job-not-found");
    expect((await api.readTask(id)).status).toBe("failed");
  });

  test("a retry is rejected if the payload no longer matches the schema", async () => {
    const schema = { type: "object", properties: { n: { type: "number" } } };
    const unvalidated = await openApi({ orm: api.orm, settings: { validate_payloads: false } });
    const { id } = await unvalidated.createTask("failed", { job: { schema }, task: { payload: { n: "x" } } });

    expect(getErrorPointers(await retry(id))).toEqual(["/payload/n"]);
    expect((await api.readTask(id)).status).toBe("failed");
    expect(ok(await unvalidated.as("ann").post(`/tasks/${id}/retry`)).status).toBe("pending");
    await unvalidated.close();
  });
});
