import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { LONG_WAIT_SECONDS, LONG_WAIT_SETTINGS, NEVER_MS, openLongPoll } from "./long-polls.ts";
import { expectProblem, ok, preferWait } from "./responses.ts";

// Turns polling off, so that only an event can end a long poll early.
vi.mock("../../../server/state/long-poll.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  getPollInterval: () => NEVER_MS,
}));

const NO_BACKOFF = { kind: "fixed", seconds: 0 };

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { task_retention_days: 30 } });
});
afterAll(() => api.close());

/** Creates a task with the given status. Its worker is dead, but has not been swept yet. */
const createTaskOfDeadWorker = async (status: "claimed" | "running", task: object = {}) => {
  const fixture = await api.createTask(status, { task });
  await api.ageWorker(fixture.worker, 61);
  return fixture;
};
const hasWorker = async (worker: string) =>
  ok(await api.as("root").get("/workers?limit=500")).items.some(({ id }) => id === worker);

describe("sweep of a dead worker", () => {
  test("the sweep of a dead worker fails its running tasks and removes the worker", async () => {
    const { id, worker } = await createTaskOfDeadWorker("running");

    await api.sweep();

    const error = `worker ${worker} stopped responding`;
    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error, completed_at: expect.any(String), runs: 1 },
      errors: [{ attempt: 1, error, worker_id: worker }],
    });
    expect(await hasWorker(worker)).toBe(false);
    expectProblem(await api.as("wes").patch(`/workers/${worker}`), "worker-not-found");
    expectProblem(
      await api.as("wes").post("/tasks/claim", { body: { worker_id: worker } }),
      "worker-not-found",
    );
  });

  test("the sweep of a dead worker makes its running tasks pending if they have attempts left", async () => {
    const { id, room, job } = await createTaskOfDeadWorker("running", {
      max_attempts: 2,
      backoff: NO_BACKOFF,
    });

    await api.sweep();

    expect(await api.readTask(id)).toMatchObject({
      status: "pending",
      worker_id: null,
      errors: [{ attempt: 1 }],
    });
    const next = await api.registerJob(room, { name: job.name });
    expect(await api.claim(next.worker_id, { start: true })).toMatchObject({ id, attempt: 2, runs: 2 });
  });

  test("the sweep of a dead worker requeues its claimed tasks, which keep their queue position and do not count a run", async () => {
    const { id, room, job } = await createTaskOfDeadWorker("claimed");
    const later = await api.submit(room, job.full_name);

    await api.sweep();

    expect(await api.readTask(id)).toMatchObject({
      status: "pending",
      runs: 0,
      errors: [],
      queue_position: 1,
    });
    expect((await api.readTask(later.id)).queue_position).toBe(2);
  });

  test("the sweep of dead workers does not affect a worker whose last heartbeat is within the worker timeout", async () => {
    const { id, worker } = await api.createTask("running");
    await api.ageWorker(worker, 50);

    await api.sweep();

    expect((await api.readTask(id)).status).toBe("running");
    expect(await hasWorker(worker)).toBe(true);
  });

  test("the sweep of a dead worker happens once if several sweeps run concurrently", async () => {
    const { id } = await createTaskOfDeadWorker("running");

    await Promise.all(Array.from({ length: 5 }, () => api.sweep()));

    expect((await api.readTask(id)).errors).toHaveLength(1);
  });
});

describe("timeout of a task", () => {
  test("the timeout of a task fails the task and does not affect its worker", async () => {
    const { id, worker } = await api.createTask("running", { task: { timeout_seconds: 60 } });
    await api.ageTask(id, 61);

    await api.sweep();

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error: expect.stringMatching(/^timed out/), errors: [{ attempt: 1 }] },
    });
    expect(await hasWorker(worker)).toBe(true);
  });

  test("the timeout of a task makes the task pending if it has attempts left", async () => {
    const task = { timeout_seconds: 60, max_attempts: 2, backoff: NO_BACKOFF };
    const { id, worker } = await api.createTask("running", { task });
    await api.ageTask(id, 61);

    await api.sweep();

    expect(await api.readTask(id)).toMatchObject({ status: "pending", error: null });
    expect((await api.claim(worker)).attempt).toBe(2);
  });

  test("the timeout of a task does not affect claimed tasks, tasks without a timeout, or running tasks that have time left", async () => {
    const [within, claimed, unbounded] = [
      await api.createTask("running", { task: { timeout_seconds: 60 } }),
      await api.createTask("claimed", { task: { timeout_seconds: 60 } }),
      await api.createTask("running"),
    ];
    await api.ageTask(within.id, 50);
    for (const { id } of [claimed, unbounded]) await api.ageTask(id, 86_400);

    await api.sweep();

    expect((await api.readTask(within.id)).status).toBe("running");
    expect((await api.readTask(claimed.id)).status).toBe("claimed");
    expect((await api.readTask(unbounded.id)).status).toBe("running");
  });

  test("a running server applies the timeout of a task between two sweeps, and wakes the long polls for the task", async () => {
    const server = await openApi({ settings: LONG_WAIT_SETTINGS });
    onTestFinished(() => server.close());
    const wait = preferWait(LONG_WAIT_SECONDS);
    const { id, worker } = await server.createTask("running", { task: { timeout_seconds: 60 } });
    const read = await openLongPoll(() => server.as("ann").get(`/tasks/${id}`, wait));
    const heartbeat = await openLongPoll(() =>
      server.as("wes").patch(`/workers/${worker}`, { body: { tasks: [id] }, ...wait }),
    );

    await server.ageTask(id, 61);

    expect(ok(await read.response)).toMatchObject({ status: "failed" });
    expect(ok(await heartbeat.response).stop).toEqual([{ task_id: id, reason: "timed_out" }]);
  });
});

describe("sweep of a job", () => {
  test("a sweep removes a job without workers and open tasks", async () => {
    const { id, room, job, worker } = await createTaskOfDeadWorker("running");

    await api.sweep();

    const path = `/rooms/${room}/jobs/${job.full_name}`;
    expectProblem(await api.as("ann").get(path), "job-not-found");
    expectProblem(await api.as("ann").post(`/rooms/${room}/tasks/${job.full_name}`), "job-not-found");
    expect(await api.readTask(id)).toMatchObject({ job_name: job.full_name, worker_id: worker });
  });

  test("a sweep keeps a job until its last open task has ended", async () => {
    const { id, room, job } = await createTaskOfDeadWorker("claimed");
    const path = `/rooms/${room}/jobs/${job.full_name}`;
    await api.sweep();
    expect(ok(await api.as("ann").get(path))).toMatchObject({ workers: [], pending: 1 });

    ok(await api.update(id, { status: "cancelled" }, "ann"));
    await api.sweep();

    expectProblem(await api.as("ann").get(path), "job-not-found");
  });
});

describe("retention", () => {
  test("a sweep deletes tasks that ended more than task_retention_days ago, and no other tasks", async () => {
    const day = 86_400;
    const [old, recent, open] = [
      await api.createTask("completed"),
      await api.createTask("failed"),
      await api.createTask("pending"),
    ];
    await api.ageTask(old.id, 31 * day);
    await api.ageTask(recent.id, 29 * day);
    await api.ageTask(open.id, 31 * day);

    await api.sweep();

    expectProblem(await api.as("ann").get(`/tasks/${old.id}`), "task-not-found");
    expect((await api.readTask(recent.id)).status).toBe("failed");
    expect((await api.readTask(open.id)).status).toBe("pending");
  });

  test("a sweep keeps all tasks if task_retention_days is not set", async () => {
    const keeping = await openApi();
    const { id } = await keeping.createTask("completed");
    await keeping.ageTask(id, 10_000 * 86_400);

    await keeping.sweep();

    expect((await keeping.readTask(id)).status).toBe("completed");
    await keeping.close();
  });
});

describe("row that the sweep cannot update", () => {
  /**
   * Makes every update of a worker, or of a task's status, fail in the database. Call this before
   * `ageTask`, because a running server ends overdue tasks every half second.
   */
  const blockUpdates = async (table: "task" | "worker", id: string) => {
    const name = sql.id(`bad_${id.replaceAll("-", "_")}`);
    const update = table === "task" ? sql`update of status` : sql`update`;
    const refuse = sql`create function joblib.${name}() returns trigger language plpgsql as
      'begin raise exception ''the row is blocked''; end'`;
    await api.query(refuse);
    await api.query(sql`create trigger ${name} before ${update} or delete on joblib.${sql.id(table)}
      for each row when (old.id = ${sql.lit(id)}) execute function joblib.${name}()`);
    onTestFinished(async () => {
      await api.query(sql`drop function joblib.${name} cascade`);
    });
  };

  test("a row that cannot be updated does not prevent the sweep of other dead workers", async () => {
    const [blocked, healthy] = [
      await createTaskOfDeadWorker("running"),
      await createTaskOfDeadWorker("running"),
    ];
    await blockUpdates("worker", blocked.worker);

    await api.sweep();

    expect([(await api.readTask(blocked.id)).status, (await api.readTask(healthy.id)).status]).toEqual([
      "running",
      "failed",
    ]);
    expect([await hasWorker(blocked.worker), await hasWorker(healthy.worker)]).toEqual([true, false]);
  });

  test("a row that cannot be updated does not prevent the sweep of other overdue tasks and of dead workers", async () => {
    const limited = () => api.createTask("running", { task: { timeout_seconds: 60 } });
    const [blocked, healthy, dead] = [
      await limited(),
      await limited(),
      await createTaskOfDeadWorker("running"),
    ];
    await blockUpdates("task", blocked.id);
    await api.ageTask(blocked.id, 61);
    await api.ageTask(healthy.id, 61);

    await api.sweep();

    const statuses = await Promise.all(
      [blocked, healthy, dead].map(async ({ id }) => (await api.readTask(id)).status),
    );
    expect(statuses).toEqual(["running", "failed", "failed"]);
  });

  test("a row that cannot be updated does not prevent a running server from sweeping dead workers", async () => {
    const settings = { sweeper_interval_seconds: 0.2, worker_timeout_seconds: 2 };
    const blocked = await api.createTask("running", { task: { timeout_seconds: 1 } });
    await blockUpdates("task", blocked.id);
    await api.ageTask(blocked.id, 3600);
    const server = await openApi({ orm: api.orm, settings });
    onTestFinished(() => server.close());
    const { id, worker } = await server.createTask("running");
    await api.ageWorker(worker);

    const status = async () => (await api.readTask(id)).status;
    await eventually(status, (now) => now === "failed", { timeoutMs: 15_000 });
  });
});

test("a server sweeps periodically, and wakes the long poll for a task of a dead worker", async () => {
  const settings = { worker_timeout_seconds: 1, sweeper_interval_seconds: 0.1 };
  const server = await openApi({ settings });
  const { id, worker, room, job } = await server.createTask("running");

  const response = await server.as("ann").get(`/tasks/${id}`, preferWait(30));

  expect(ok(response)).toMatchObject({ status: "failed", error: `worker ${worker} stopped responding` });
  expectProblem(await server.as("ann").get(`/rooms/${room}/jobs/${job.full_name}`), "job-not-found");
  await server.close();
});
