import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok, preferWait, timed } from "./responses.ts";

const NOW = { kind: "fixed", seconds: 0 };

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { task_retention_days: 30 } });
});
afterAll(() => api.close());

/** A dead worker with a task as far as `status`; before the sweep. */
const aDeadWorkersTask = async (status: "claimed" | "running", task: object = {}) => {
  const scene = await api.createTask(status, { task });
  await api.ageWorker(scene.worker, 61);
  return scene;
};
const isThere = async (worker: string) =>
  ok(await api.as("root").get("/workers?limit=500")).items.some(({ id }) => id === worker);

describe("a dead worker", () => {
  test("fails its running tasks, and is gone", async () => {
    const { id, worker } = await aDeadWorkersTask("running");

    await api.sweep();

    const error = `worker ${worker} stopped responding`;
    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error, completed_at: expect.any(String), runs: 1 },
      errors: [{ attempt: 1, error, worker_id: worker }],
    });
    expect(await isThere(worker)).toBe(false);
    expectProblem(await api.as("wes").patch(`/workers/${worker}`), "worker-not-found");
    expectProblem(
      await api.as("wes").post("/tasks/claim", { body: { worker_id: worker } }),
      "worker-not-found",
    );
  });

  test("lets them be tried again while attempts are left", async () => {
    const { id, room, job } = await aDeadWorkersTask("running", { max_attempts: 2, backoff: NOW });

    await api.sweep();

    expect(await api.readTask(id)).toMatchObject({
      status: "pending",
      worker_id: null,
      errors: [{ attempt: 1 }],
    });
    const next = await api.registerJob(room, { name: job.name });
    expect(await api.claim(next.worker_id, { start: true })).toMatchObject({ id, attempt: 2, runs: 2 });
  });

  test("gives back what it had not started, at no cost and in its place", async () => {
    const { id, room, job } = await aDeadWorkersTask("claimed");
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

  test("whose last sign of life is younger than the threshold is not dead", async () => {
    const { id, worker } = await api.createTask("running");
    await api.ageWorker(worker, 50);

    await api.sweep();

    expect((await api.readTask(id)).status).toBe("running");
    expect(await isThere(worker)).toBe(true);
  });

  test("is taken by one of several sweeps at once", async () => {
    const { id } = await aDeadWorkersTask("running");

    await Promise.all(Array.from({ length: 5 }, () => api.sweep()));

    expect((await api.readTask(id)).errors).toHaveLength(1);
  });
});

describe("a task that takes too long", () => {
  test("fails, and its worker stays", async () => {
    const { id, worker } = await api.createTask("running", { task: { timeout_seconds: 60 } });
    await api.ageTask(id, 61);

    await api.sweep();

    expect(await api.readTask(id)).toMatchObject({
      ...{ status: "failed", error: expect.stringMatching(/^timed out/), errors: [{ attempt: 1 }] },
    });
    expect(await isThere(worker)).toBe(true);
  });

  test("is tried again while attempts are left", async () => {
    const task = { timeout_seconds: 60, max_attempts: 2, backoff: NOW };
    const { id, worker } = await api.createTask("running", { task });
    await api.ageTask(id, 61);

    await api.sweep();

    expect(await api.readTask(id)).toMatchObject({ status: "pending", error: null });
    expect((await api.claim(worker)).attempt).toBe(2);
  });

  test("has all its time: neither what runs within it nor what only waits is ended", async () => {
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

  test("is found within a second by a server that is up, and who waits is told at once", async () => {
    const { id, worker } = await api.createTask("running", { task: { timeout_seconds: 60 } });
    const reading = timed(api.as("ann").get(`/tasks/${id}`, preferWait(30)));
    const beating = api.as("wes").patch(`/workers/${worker}`, { body: { tasks: [id] }, ...preferWait(30) });

    await api.ageTask(id, 61);

    const { value, ms } = await reading;
    expect(ok(value)).toMatchObject({ status: "failed" });
    expect(ok(await beating).stop).toEqual([{ task_id: id, reason: "timed_out" }]);
    expect(ms).toBeLessThan(3500);
  });
});

describe("a job", () => {
  test("that is left without workers and open tasks goes with its last worker", async () => {
    const { id, room, job, worker } = await aDeadWorkersTask("running");

    await api.sweep();

    const path = `/rooms/${room}/jobs/${job.full_name}`;
    expectProblem(await api.as("ann").get(path), "job-not-found");
    expectProblem(await api.as("ann").post(`/rooms/${room}/tasks/${job.full_name}`), "job-not-found");
    expect(await api.readTask(id)).toMatchObject({ job_name: job.full_name, worker_id: worker });
  });

  test("stays for as long as a task of it is open, and goes when the last has ended", async () => {
    const { id, room, job } = await aDeadWorkersTask("claimed");
    const path = `/rooms/${room}/jobs/${job.full_name}`;
    await api.sweep();
    expect(ok(await api.as("ann").get(path))).toMatchObject({ workers: [], pending: 1 });

    ok(await api.update(id, { status: "cancelled" }, "ann"));
    await api.sweep();

    expectProblem(await api.as("ann").get(path), "job-not-found");
  });
});

describe("retention", () => {
  test("deletes what ended longer ago, and nothing else", async () => {
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

  test("keeps everything where no days are set", async () => {
    const keeping = await openApi();
    const { id } = await keeping.createTask("completed");
    await keeping.ageTask(id, 10_000 * 86_400);

    await keeping.sweep();

    expect((await keeping.readTask(id)).status).toBe("completed");
    await keeping.close();
  });
});

describe("a row that cannot be ended", () => {
  /**
   * Makes the database refuse to end it. A task may still be aged, and is to be aged after this:
   * the server itself looks every half second for tasks over their time.
   */
  const spoil = async (table: "task" | "worker", id: string) => {
    const name = sql.id(`bad_${id.replaceAll("-", "_")}`);
    const update = table === "task" ? sql`update of status` : sql`update`;
    const refuse = sql`create function joblib.${name}() returns trigger language plpgsql as
      'begin raise exception ''a bad row''; end'`;
    await api.query(refuse);
    await api.query(sql`create trigger ${name} before ${update} or delete on joblib.${sql.id(table)}
      for each row when (old.id = ${sql.lit(id)}) execute function joblib.${name}()`);
    onTestFinished(async () => {
      await api.query(sql`drop function joblib.${name} cascade`);
    });
  };

  test("of a dead worker does not keep the others", async () => {
    const [bad, good] = [await aDeadWorkersTask("running"), await aDeadWorkersTask("running")];
    await spoil("worker", bad.worker);

    await api.sweep();

    expect([(await api.readTask(bad.id)).status, (await api.readTask(good.id)).status]).toEqual([
      "running",
      "failed",
    ]);
    expect([await isThere(bad.worker), await isThere(good.worker)]).toEqual([true, false]);
  });

  test("of a task over its time keeps neither the others nor what is swept besides", async () => {
    const limited = () => api.createTask("running", { task: { timeout_seconds: 60 } });
    const [bad, good, dead] = [await limited(), await limited(), await aDeadWorkersTask("running")];
    await spoil("task", bad.id);
    await api.ageTask(bad.id, 61);
    await api.ageTask(good.id, 61);

    await api.sweep();

    const statuses = await Promise.all(
      [bad, good, dead].map(async ({ id }) => (await api.readTask(id)).status),
    );
    expect(statuses).toEqual(["running", "failed", "failed"]);
  });

  test("does not make a server patient for ever: the dead are found beside it", async () => {
    const settings = { sweeper_interval_seconds: 0.2, worker_timeout_threshold: 2 };
    const bad = await api.createTask("running", { task: { timeout_seconds: 1 } });
    await spoil("task", bad.id);
    await api.ageTask(bad.id, 3600);
    const server = await openApi({ orm: api.orm, settings });
    onTestFinished(() => server.close());
    const { id, worker } = await server.createTask("running");
    await api.ageWorker(worker);

    const status = async () => (await api.readTask(id)).status;
    await eventually(status, (now) => now === "failed", { timeoutMs: 15_000 });
  });
});

test("a server sweeps by itself: a task of a worker that died comes to its end while somebody waits", async () => {
  const quick = { worker_timeout_threshold: 1, sweeper_interval_seconds: 0.1 };
  const own = await openApi({ settings: quick });
  const { id, worker, room, job } = await own.createTask("running");

  const answer = await own.as("ann").get(`/tasks/${id}`, preferWait(30));

  expect(ok(answer)).toMatchObject({ status: "failed", error: `worker ${worker} stopped responding` });
  expectProblem(await own.as("ann").get(`/rooms/${room}/jobs/${job.full_name}`), "job-not-found");
  await own.close();
});
