import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { API, type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import {
  LONG_WAIT_SECONDS,
  LONG_WAIT_SETTINGS,
  NEVER_MS,
  waitForWaitingClaim,
  watchSearches,
} from "./long-polls.ts";
import { ok, preferWait } from "./responses.ts";

// Turns polling off, so that only an event can end a long poll early.
vi.mock("../../../server/state/long-poll.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  getPollInterval: () => NEVER_MS,
}));

const waitForSearch = watchSearches();

let api: Api;
/**
 * Another server on the same database. There is no Redis, so the two servers exchange no events.
 */
let other: Api;
beforeAll(async () => {
  api = await openApi({ settings: LONG_WAIT_SETTINGS });
  other = await openApi({ orm: api.orm, settings: LONG_WAIT_SETTINGS });
});
afterAll(async () => {
  await other.close();
  await api.close();
});

const createJob = async (job: object = {}) => {
  const room = newRoomId();
  const registered = await api.registerJob(room, { ...job });
  return { room, job: registered, worker: registered.worker_id, name: registered.full_name };
};

/** Starts a waiting claim and resolves once the claim waits. */
const startWaitingClaim = async (
  worker: string,
  { seconds = LONG_WAIT_SECONDS, ...more }: { seconds?: number; start?: boolean } = {},
) => {
  const response = api
    .as("wes")
    .post("/tasks/claim", { body: { worker_id: worker, ...more }, ...preferWait(seconds) });
  await waitForWaitingClaim(worker);
  return { response };
};

/** Returns one row for a task. `once` is true if the task has not been updated since its insert. */
const readWrites = async (id: string) => {
  const { rows } = await api.query(sql`
    select t.xmin = p.xmin as once from joblib.task as t join joblib.task_listing as p on p.task_id = t.id
    where t.id = ${id}::uuid`);
  return rows;
};

/** Locks a row while `work` runs. */
const whileLocked = (row: ReturnType<typeof sql>, work: () => Promise<void>) =>
  api.orm.em
    .fork()
    .getKysely()
    .transaction()
    .execute(async (transaction) => {
      await row.execute(transaction);
      await work();
    });
const isBlocked = async () => {
  const { rows } = await api.query(sql`select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`);
  return rows.length > 0;
};

describe("direct assignment", () => {
  test.each([
    ["claimed", false, 0],
    ["running", true, 1],
  ])("direct assignment inserts the task as %s by the waiting worker", async (status, start, runs) => {
    const { room, worker, name } = await createJob();
    const { response } = await startWaitingClaim(worker, { start });

    const submitted = await api.submit(room, name, { payload: { angle: 90 }, max_attempts: 3 });

    const { task } = ok(await response);
    expect(task).toMatchObject({ status, runs, attempt: 1, worker_id: worker, payload: { angle: 90 } });
    expect(task).toEqual(await api.readTask(submitted.id));
    expect(await readWrites(submitted.id)).toEqual([{ once: true }]);
    expect(submitted).toMatchObject({ status: "pending", attempt: 0, worker_id: null });
  });

  test("direct assignment allows the worker to complete the task", async () => {
    const { room, worker, name } = await createJob();
    const { response } = await startWaitingClaim(worker, { start: true });
    const { id } = await api.submit(room, name);
    await response;

    ok(await api.update(id, { status: "completed", worker_id: worker, attempt: 1, result: 7 }));

    expect(await api.readTask(id)).toMatchObject({ status: "completed", result: 7 });
  });

  test("direct assignment does not happen if another task of the job is due, because the claim must choose by priority", async () => {
    const { room, worker, name } = await createJob();
    const { response } = await startWaitingClaim(worker);
    await waitForSearch();
    const { id: older } = await other.submit(room, name);

    const { id } = await api.submit(room, name, { priority: 10 });

    // The claim returned the task with the higher priority. That task was inserted as pending, so
    // it was not assigned directly.
    expect(ok(await response).task.id).toBe(id);
    expect(await readWrites(id)).toEqual([{ once: false }]);
    expect(await api.readTask(older)).toMatchObject({ status: "pending" });
  });

  test("direct assignment does not happen if a task of another job of the worker is due", async () => {
    const { room, worker, name } = await createJob();
    const second = await api.registerJob(room, { worker_id: worker });
    const { response } = await startWaitingClaim(worker);
    await waitForSearch();
    const { id: older } = await other.submit(room, second.full_name);

    const { id } = await api.submit(room, name);

    expect(ok(await response).task.id).toBe(older);
    expect(await api.readTask(id)).toMatchObject({ status: "pending" });
  });

  test("direct assignment does not happen before the task is due", async () => {
    const { room, worker, name } = await createJob();
    const { response } = await startWaitingClaim(worker, { seconds: 1 });

    await api.submit(room, name, { delay_seconds: 60 });

    expect(ok(await response)).toEqual({ task: null });
  });

  test("direct assignment does not happen for a job with room fairness, because rooms must take turns", async () => {
    const { room, worker, name } = await createJob({ fairness: "room" });
    const { response } = await startWaitingClaim(worker);

    const { id } = await api.submit(room, name);

    expect(ok(await response).task.id).toBe(id);
    expect(await readWrites(id)).toEqual([{ once: false }]);
  });

  test("direct assignment assigns several tasks to different workers, and the remaining worker keeps waiting", async () => {
    const { room, job, worker, name } = await createJob();
    const workers = [worker];
    for (let more = 0; more < 2; more += 1) {
      workers.push((await api.registerJob(room, { name: job.name })).worker_id);
    }
    const claims = [];
    for (const one of workers) claims.push(await startWaitingClaim(one, { seconds: 2 }));

    const submitted = await Promise.all([api.submit(room, name), api.submit(room, name)]);

    const tasks = (await Promise.all(claims.map(({ response }) => response))).map(
      (response) => ok(response).task,
    );
    const ids = tasks.flatMap((task) => (task === null ? [] : [String(task.id)]));
    expect(ids.sort()).toEqual(submitted.map(({ id }) => id).sort());
  });

  test("direct assignment does not happen for a repeated submission with the same idempotency key", async () => {
    const { room, worker, name } = await createJob();
    const submit = () =>
      api.as("ann").post(`/rooms/${room}/tasks/${name}`, { headers: { "idempotency-key": "once" } });
    const { id } = ok(await submit(), 202);
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    const { response } = await startWaitingClaim(worker, { seconds: 1 });

    expect((await submit()).status).toBe(200);

    expect(ok(await response)).toEqual({ task: null });
  });

  test("direct assignment does not happen while the row of the worker is locked, because the worker may be deregistering", async () => {
    const { room, worker, name } = await createJob();
    const { response } = await startWaitingClaim(worker, { seconds: 30 });
    let id = "";

    await whileLocked(sql`select 1 from joblib.worker where id = ${worker}::uuid for update`, async () => {
      ({ id } = await api.submit(room, name));
      expect(await readWrites(id)).toEqual([{ once: true }]);
      expect(await api.readTask(id)).toMatchObject({ status: "pending", worker_id: null });
    });

    expect(ok(await response).task.id).toBe(id);
  });

  test("direct assignment of a task does not prevent another worker from being woken for a task that becomes due at the same time", async () => {
    const { room, job, worker: first, name } = await createJob();
    const shared = await api.registerJob(room);
    const { id: second } = await api.createWorker();
    const { category, schema } = shared;
    for (const worker_id of [first, second]) {
      await api.registerJob(room, { category, name: shared.name, schema, worker_id });
    }
    const { id } = await api.submit(room, shared.full_name);
    await api.claim(shared.worker_id);
    const { response: assignment } = await startWaitingClaim(first);
    const { response } = await startWaitingClaim(second);

    let submitting: Promise<{ id: string }> | undefined;
    await whileLocked(sql`select 1 from joblib.job where id = ${job.id}::uuid for update`, async () => {
      submitting = api.submit(room, name);
      await eventually(isBlocked);
      ok(await api.as("wes").post(`/workers/${shared.worker_id}/release`, { body: { tasks: [id] } }));
      expect(ok(await response).task.id).toBe(id);
    });

    expect(ok(await assignment).task.id).toBe((await submitting)?.id);
  });

  test("direct assignment to a worker whose client has disconnected requeues the task without counting a run", async () => {
    const { room, job, worker, name } = await createJob();
    const url = `${await other.app.listen({ port: 0, host: "127.0.0.1" })}${API}`;
    const client = new AbortController();
    const aborted = expect(
      fetch(`${url}/tasks/claim`, {
        method: "POST",
        headers: { "x-user": "wes", "content-type": "application/json", prefer: "wait=30" },
        body: JSON.stringify({ worker_id: worker, start: true }),
        signal: client.signal,
      }),
    ).rejects.toThrow();
    await waitForWaitingClaim(worker);

    const locked = sql`select 1 from joblib.job where id = ${job.id}::uuid for update`;
    let submitting: Promise<{ id: string }> | undefined;
    await whileLocked(locked, async () => {
      submitting = other.submit(room, name);
      await eventually(isBlocked);
      client.abort();
      await aborted;
    });
    const id = (await submitting)?.id;

    const claimed = await eventually(
      async () =>
        ok(await api.as("wes").post("/tasks/claim", { body: { worker_id: worker, start: true } })).task,
    );
    expect(claimed).toMatchObject({ id, runs: 1, errors: [] });
  });
});
