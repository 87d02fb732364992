import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

const UNKNOWN_ID = "01900000-0000-7000-8000-000000000000";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

describe("update by a worker", () => {
  const reports = [
    ["running", "claimed", { status: "running" }],
    ["completed", "running", { status: "completed" }],
    ["failed", "running", { status: "failed" }],
    ["progress", "running", { progress: { fraction: 0.5 } }],
  ] as const;

  test.each(
    reports,
  )("an update by a worker with %s is allowed for the user whose worker has the lease", async (_, from, report) => {
    const { id } = await api.createTask(from);

    ok(await api.update(id, report, "wes"));
  });

  test.each(reports)("an update by a worker with %s is allowed for an admin", async (_, from, report) => {
    const { id } = await api.createTask(from);

    ok(await api.update(id, report, "root"));
  });

  test.each(
    reports,
  )("an update by a worker with %s is forbidden for the submitter of the task and for readers", async (_, from, report) => {
    const { id } = await api.createTask(from);

    for (const user of ["ann", "rea"]) expectProblem(await api.update(id, report, user), "forbidden");
    expect((await api.readTask(id)).status).toBe(from);
  });
});

describe("cancel", () => {
  test.each([
    ["ann", "the submitter"],
    ["wes", "the user whose worker has the lease"],
    ["root", "an admin"],
  ])("the cancel of a task is allowed for the user %s (%s)", async (user) => {
    const { id } = await api.createTask("running");

    expect(ok(await api.update(id, { status: "cancelled" }, user)).status).toBe("cancelled");
  });

  test("the cancel of a task is forbidden for other readers of the task, even if the task is already cancelled", async () => {
    for (const status of ["pending", "running", "cancelled"] as const) {
      const { id } = await api.createTask(status);
      expectProblem(await api.update(id, { status: "cancelled" }, "rea"), "forbidden");
    }
  });
});

describe("update", () => {
  test("an update without credentials is unauthorized before the server looks for the task", async () => {
    const response = await api.as(undefined).patch(`/tasks/${UNKNOWN_ID}`, { body: { status: "running" } });

    expectProblem(response, "unauthorized");
  });

  test("an update of an unknown task fails with task-not-found before the access to the task is checked", async () => {
    expectProblem(await api.update(UNKNOWN_ID, { status: "running" }, "outsider"), "task-not-found");
  });

  test("an update checks the access to the task before the fence", async () => {
    const { id } = await api.createTask("running");
    const workerOfOutsider = await api.createWorker("outsider");

    for (const fence of [{ attempt: 9 }, { worker_id: workerOfOutsider.id, attempt: 1 }]) {
      expectProblem(await api.update(id, { status: "completed", ...fence }, "outsider"), "forbidden");
    }
  });

  test("an update checks the owner of the worker before the fence", async () => {
    const { id, worker } = await api.createTask("running");
    const workerOfAnn = await api.createWorker("ann");

    for (const worker_id of [worker, (await api.createWorker("root")).id]) {
      expectProblem(await api.update(id, { status: "completed", worker_id, attempt: 9 }, "ann"), "forbidden");
    }
    expectProblem(
      await api.update(id, { status: "completed", worker_id: workerOfAnn.id }, "ann"),
      "task-lost",
    );
  });

  test("an update checks the fence before the transition", async () => {
    const { id, worker } = await api.createTask("completed");
    const step = { status: "running", worker_id: worker };

    expectProblem(await api.update(id, { ...step, attempt: 9 }), "task-lost");
    expectProblem(await api.update(id, { ...step, attempt: 1 }), "invalid-task-transition");
  });
});

describe("worker whose owner cannot read the room", () => {
  const createTaskWithoutRoomAccess = async () => {
    const room = newRoomId();
    api.grant("cat", room, "read", "write");
    const job = await api.registerJob(room, {}, "cat");
    const { id } = await api.submit(room, job.full_name);
    api.grant("cat", room);
    return { id, worker: job.worker_id, room, job };
  };

  test("a worker whose owner cannot read the room can claim, complete and read its task", async () => {
    const { id, worker } = await createTaskWithoutRoomAccess();
    const { attempt } = await api.claim(worker, { start: true, user: "cat" });

    const step = { status: "completed", worker_id: worker, attempt };
    expect(ok(await api.update(id, step, "cat")).status).toBe("completed");
    expect(ok(await api.as("cat").get(`/tasks/${id}`)).status).toBe("completed");
  });

  test("a worker whose owner cannot read the room gets task-lost instead of forbidden after another worker claimed its task", async () => {
    const { id, worker, room, job } = await createTaskWithoutRoomAccess();
    await api.claim(worker, { user: "cat" });
    ok(await api.as("cat").post(`/workers/${worker}/release`, { body: { tasks: [id] } }));
    const other = await api.registerJob(room, { name: job.name });
    await api.claim(other.worker_id, { start: true });

    const step = { status: "completed", worker_id: worker, attempt: 1 };
    expectProblem(await api.update(id, step, "cat"), "task-lost");
  });
});
