import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

const NOBODYS = "01900000-0000-7000-8000-000000000000";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

describe("what a worker reports", () => {
  const reports = [
    ["running", "claimed", { status: "running" }],
    ["completed", "running", { status: "completed" }],
    ["failed", "running", { status: "failed" }],
    ["progress", "running", { progress: { fraction: 0.5 } }],
  ] as const;

  test.each(reports)("%s is for the user whose worker holds the task", async (_, from, report) => {
    const { id } = await api.createTask(from);

    ok(await api.update(id, report, "wes"));
  });

  test.each(reports)("%s is for an admin", async (_, from, report) => {
    const { id } = await api.createTask(from);

    ok(await api.update(id, report, "root"));
  });

  test.each(
    reports,
  )("%s is neither for who submitted the task nor for who reads it", async (_, from, report) => {
    const { id } = await api.createTask(from);

    for (const user of ["ann", "rea"]) expectProblem(await api.update(id, report, user), "forbidden");
    expect((await api.readTask(id)).status).toBe(from);
  });
});

describe("a cancel", () => {
  test.each([
    ["ann", "who submitted it"],
    ["wes", "the user whose worker holds it"],
    ["root", "an admin"],
  ])("is for %s, %s", async (user) => {
    const { id } = await api.createTask("running");

    expect(ok(await api.update(id, { status: "cancelled" }, user)).status).toBe("cancelled");
  });

  test("is not for others who may read the task, nor when it has happened", async () => {
    for (const status of ["pending", "running", "cancelled"] as const) {
      const { id } = await api.createTask(status);
      expectProblem(await api.update(id, { status: "cancelled" }, "rea"), "forbidden");
    }
  });
});

describe("the checks come in their order", () => {
  test("who it is, before whether there is such a task", async () => {
    const answer = await api.as(undefined).patch(`/tasks/${NOBODYS}`, { body: { status: "running" } });

    expectProblem(answer, "unauthorized");
  });

  test("whether there is such a task, before who may see it", async () => {
    expectProblem(await api.update(NOBODYS, { status: "running" }, "stranger"), "task-not-found");
  });

  test("who may see it, before the fence", async () => {
    const { id } = await api.createTask("running");
    const strangers = await api.createWorker("stranger");

    for (const fence of [{ attempt: 9 }, { worker_id: strangers.id, attempt: 1 }]) {
      expectProblem(await api.update(id, { status: "completed", ...fence }, "stranger"), "forbidden");
    }
  });

  test("whose the named worker is, before the fence", async () => {
    const { id, worker } = await api.createTask("running");
    const anns = await api.createWorker("ann");

    for (const worker_id of [worker, (await api.createWorker("root")).id]) {
      expectProblem(await api.update(id, { status: "completed", worker_id, attempt: 9 }, "ann"), "forbidden");
    }
    expectProblem(await api.update(id, { status: "completed", worker_id: anns.id }, "ann"), "task-lost");
  });

  test("the fence, before the transition", async () => {
    const { id, worker } = await api.createTask("completed");
    const step = { status: "running", worker_id: worker };

    expectProblem(await api.update(id, { ...step, attempt: 9 }), "task-lost");
    expectProblem(await api.update(id, { ...step, attempt: 1 }), "invalid-task-transition");
  });
});

describe("a worker whose user may not read the room", () => {
  const aTaskOfCats = async () => {
    const room = newRoomId();
    api.grant("cat", room, "read", "write");
    const job = await api.registerJob(room, {}, "cat");
    const { id } = await api.submit(room, job.full_name);
    api.grant("cat", room);
    return { id, worker: job.worker_id, room, job };
  };

  test("does its work as any other", async () => {
    const { id, worker } = await aTaskOfCats();
    const { attempt } = await api.claim(worker, { start: true, user: "cat" });

    const step = { status: "completed", worker_id: worker, attempt };
    expect(ok(await api.update(id, step, "cat")).status).toBe("completed");
    expect(ok(await api.as("cat").get(`/tasks/${id}`)).status).toBe("completed");
  });

  test("is told task-lost, not forbidden, when its task was given to another", async () => {
    const { id, worker, room, job } = await aTaskOfCats();
    await api.claim(worker, { user: "cat" });
    ok(await api.as("cat").post(`/workers/${worker}/release`, { body: { tasks: [id] } }));
    const other = await api.registerJob(room, { name: job.name });
    await api.claim(other.worker_id, { start: true });

    const step = { status: "completed", worker_id: worker, attempt: 1 };
    expectProblem(await api.update(id, step, "cat"), "task-lost");
  });
});
