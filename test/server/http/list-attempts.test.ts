import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { Attempt } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok, parseBody } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const listAttempts = async (id: string, user = "ann") =>
  parseBody(z.object({ items: z.array(Attempt) }), await api.as(user).get(`/tasks/${id}/attempts`)).items;

const NO_BACKOFF = { kind: "fixed", seconds: 0, jitter: 0 };
const SEVERAL_ATTEMPTS = { task: { max_attempts: 5, backoff: NO_BACKOFF } };
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("attempts of a task", () => {
  test("the list of a task's attempts is empty before the task is claimed", async () => {
    expect(await listAttempts((await api.createTask()).id)).toEqual([]);
  });

  test("the list of a task's attempts contains the outcomes failed, timed_out, lost, released and open", async () => {
    const { id, worker, room, job } = await api.createTask("running", {
      task: { ...SEVERAL_ATTEMPTS.task, timeout_seconds: 3600 },
    });
    const named = ok(await api.as("wes").post("/workers", { body: { name: "gpu-box:7" } }), 201);
    const { category, name, schema } = job;
    const body = { category, name, schema, worker_id: named.id };
    ok(await api.as("wes").put(`/rooms/${room}/jobs`, { body }));

    ok(await api.update(id, { status: "failed", worker_id: worker, attempt: 1, error: "first" }));
    await api.claim(worker, { start: true });
    await api.ageTask(id, 4000);
    await api.sweep();
    await api.claim(worker, { start: true });
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);
    await api.claim(named.id);
    ok(await api.as("wes").post(`/workers/${named.id}/release`, { body: { tasks: [id] } }));
    await api.claim(named.id, { start: true });

    expect(await listAttempts(id)).toEqual([
      {
        ...{ attempt: 1, worker_id: worker, worker_name: null, outcome: "failed", error: "first" },
        ...{ claimed_at: time, started_at: time, ended_at: time, late_result: false },
      },
      {
        ...{ attempt: 2, worker_id: worker, worker_name: null, outcome: "timed_out" },
        ...{ error: "timed out after 3600 s", late_result: false },
        ...{ claimed_at: time, started_at: time, ended_at: time },
      },
      {
        ...{ attempt: 3, worker_id: worker, worker_name: null, outcome: "lost", late_result: false },
        ...{ error: `worker ${worker} was removed`, claimed_at: time, started_at: time, ended_at: time },
      },
      {
        ...{ attempt: 4, worker_id: null, worker_name: null, outcome: "released", late_result: false },
        ...{ error: null, claimed_at: null, started_at: null, ended_at: null },
      },
      {
        ...{ attempt: 5, worker_id: named.id, worker_name: "gpu-box:7", outcome: "open", late_result: false },
        ...{ error: null, claimed_at: time, started_at: time, ended_at: null },
      },
    ]);
  });

  test.each([
    ["completed", null],
    ["failed", "broken"],
  ] as const)("the list of a task's attempts ends with an attempt that has the outcome %s", async (outcome, error) => {
    const { id, worker, task } = await api.createTask(outcome);

    expect(await listAttempts(id)).toMatchObject([
      {
        attempt: 1,
        worker_id: worker,
        outcome,
        error,
        started_at: task.started_at,
        claimed_at: time,
        ended_at: time,
      },
    ]);
  });

  test("the list of a task's attempts includes a cancelled attempt with a late result", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    const late = { status: "completed", worker_id: worker, attempt: 1, result: 7 };
    expectProblem(await api.update(id, late), "task-lost");

    expect(await listAttempts(id)).toMatchObject([
      { attempt: 1, worker_id: worker, outcome: "cancelled", late_result: true, ended_at: time },
    ]);
  });

  test("the list of a task's attempts is kept when the task is retried", async () => {
    const { id, worker } = await api.createTask("failed");
    ok(await api.as("ann").post(`/tasks/${id}/retry`));

    expect(await listAttempts(id)).toMatchObject([{ attempt: 1, worker_id: worker, outcome: "failed" }]);
    await api.claim(worker);
    expect(await listAttempts(id)).toMatchObject([{ outcome: "failed" }, { attempt: 2, outcome: "open" }]);
  });

  test("the list of a task's attempts is empty if the task was cancelled before it was claimed", async () => {
    expect(await listAttempts((await api.createTask("cancelled")).id)).toEqual([]);
  });

  test("the list of a task's attempts cannot be read if the task is unknown or the caller cannot read it", async () => {
    const { id } = await api.createTask();

    expectProblem(await api.as("ann").get("/tasks/nothing/attempts"), "task-not-found");
    expectProblem(await api.as("outsider").get(`/tasks/${id}/attempts`), "forbidden");
  });
});
