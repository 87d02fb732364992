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

const attemptsOf = async (id: string, user = "ann") =>
  parseBody(z.object({ items: z.array(Attempt) }), await api.as(user).get(`/tasks/${id}/attempts`)).items;

const NOW = { kind: "fixed", seconds: 0, jitter: 0 };
const SEVERAL = { task: { max_attempts: 5, backoff: NOW } };
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("a task's attempts", () => {
  test("are none before it is claimed", async () => {
    expect(await attemptsOf((await api.createTask()).id)).toEqual([]);
  });

  test("tell each by itself: what failed, what timed out, whose worker was lost, what was given back, what runs", async () => {
    const { id, worker, room, job } = await api.createTask("running", {
      task: { ...SEVERAL.task, timeout_seconds: 3600 },
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

    expect(await attemptsOf(id)).toEqual([
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
        ...{ error: `worker ${worker} left`, claimed_at: time, started_at: time, ended_at: time },
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
  ] as const)("end with the one that %s", async (outcome, error) => {
    const { id, worker, task } = await api.createTask(outcome);

    expect(await attemptsOf(id)).toMatchObject([
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

  test("show a cancel, and that a result came late for it", async () => {
    const { id, worker } = await api.createTask("running");
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    const late = { status: "completed", worker_id: worker, attempt: 1, result: 7 };
    expectProblem(await api.update(id, late), "task-lost");

    expect(await attemptsOf(id)).toMatchObject([
      { attempt: 1, worker_id: worker, outcome: "cancelled", late_result: true, ended_at: time },
    ]);
  });

  test("stay when a person opens the task again", async () => {
    const { id, worker } = await api.createTask("failed");
    ok(await api.as("ann").post(`/tasks/${id}/retry`));

    expect(await attemptsOf(id)).toMatchObject([{ attempt: 1, worker_id: worker, outcome: "failed" }]);
    await api.claim(worker);
    expect(await attemptsOf(id)).toMatchObject([{ outcome: "failed" }, { attempt: 2, outcome: "open" }]);
  });

  test("of a task that was cancelled before anybody took it there are none", async () => {
    expect(await attemptsOf((await api.createTask("cancelled")).id)).toEqual([]);
  });

  test("are 404 where there is no task, and 403 where it is not to be seen", async () => {
    const { id } = await api.createTask();

    expectProblem(await api.as("ann").get("/tasks/nothing/attempts"), "task-not-found");
    expectProblem(await api.as("stranger").get(`/tasks/${id}/attempts`), "forbidden");
  });
});
