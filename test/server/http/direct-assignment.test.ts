import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { API, type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { ok, preferWait, timed } from "./responses.ts";
import { waitForWaitingClaim } from "./waiting-claims.ts";

/** Well under the few seconds after which a waiting claim reads again in any case. */
const SOON_MS = 3500;

let api: Api;
/** Another server on the same database; without a Redis they hear nothing of each other. */
let other: Api;
beforeAll(async () => {
  api = await openApi();
  other = await openApi({ orm: api.orm });
});
afterAll(async () => {
  await other.close();
  await api.close();
});

const aJob = async (job: object = {}) => {
  const room = newRoomId();
  const registered = await api.registerJob(room, { ...job });
  return { room, job: registered, worker: registered.worker_id, name: registered.full_name };
};

/** Starts a claim that waits, and resolves once it does. */
const park = async (
  worker: string,
  { seconds = 30, ...more }: { seconds?: number; start?: boolean } = {},
) => {
  const held = timed(
    api.as("wes").post("/tasks/claim", { body: { worker_id: worker, ...more }, ...preferWait(seconds) }),
  );
  await waitForWaitingClaim(worker);
  return { held };
};

/** True where the task was written once: whoever holds it has held it since its insert. */
const isWrittenOnce = async (id: string) => {
  const { rows } = await api.query(sql`
    select t.xmin = p.xmin as once from joblib.task as t join joblib.task_place as p on p.task_id = t.id
    where t.id = ${id}::uuid`);
  return rows;
};

/** Holds a row against others until the work is done. */
const whileLocked = (row: ReturnType<typeof sql>, work: () => Promise<void>) =>
  api.orm.em
    .fork()
    .getKysely()
    .transaction()
    .execute(async (transaction) => {
      await row.execute(transaction);
      await work();
    });
const isAwaited = async () => {
  const { rows } = await api.query(sql`select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`);
  return rows.length > 0;
};

describe("a lone task whose worker waits here", () => {
  test.each([
    ["claimed", false, 0],
    ["running", true, 1],
  ])("is inserted as that worker's: %s", async (status, start, runs) => {
    const { room, worker, name } = await aJob();
    const { held } = await park(worker, { start });

    const submitted = await api.submit(room, name, { payload: { angle: 90 }, max_attempts: 3 });

    const { value, ms } = await held;
    const { task } = ok(value);
    expect(task).toMatchObject({ status, runs, attempt: 1, worker_id: worker, payload: { angle: 90 } });
    expect(task).toEqual(await api.readTask(submitted.id));
    expect(await isWrittenOnce(submitted.id)).toEqual([{ once: true }]);
    expect(submitted).toMatchObject({ status: "pending", attempt: 0, worker_id: null });
    expect(ms).toBeLessThan(SOON_MS);
  });

  test("can be completed by it", async () => {
    const { room, worker, name } = await aJob();
    const { held } = await park(worker, { start: true });
    const { id } = await api.submit(room, name);
    await held;

    ok(await api.update(id, { status: "completed", worker_id: worker, attempt: 1, result: 7 }));

    expect(await api.readTask(id)).toMatchObject({ status: "completed", result: 7 });
  });

  test("is inserted pending where an older one is due, which the worker gets", async () => {
    const { room, worker, name } = await aJob();
    const { held } = await park(worker);
    const { id: older } = await other.submit(room, name);

    const { id } = await api.submit(room, name, { priority: 10 });

    const { value } = await held;
    // The more urgent of the two: the claim chose, not the insert.
    expect(ok(value).task.id).toBe(id);
    expect(await isWrittenOnce(id)).toEqual([{ once: false }]);
    expect(await api.readTask(older)).toMatchObject({ status: "pending" });
  });

  test("is inserted pending where one of another job of the worker is due", async () => {
    const { room, worker, name } = await aJob();
    const second = await api.registerJob(room, { worker_id: worker });
    const { held } = await park(worker);
    const { id: older } = await other.submit(room, second.full_name);

    const { id } = await api.submit(room, name);

    expect(ok((await held).value).task.id).toBe(older);
    expect(await api.readTask(id)).toMatchObject({ status: "pending" });
  });

  test("is not given before it is due", async () => {
    const { room, worker, name } = await aJob();
    const { held } = await park(worker, { seconds: 1 });

    await api.submit(room, name, { delay_seconds: 60 });

    expect(ok((await held).value)).toEqual({ task: null });
  });

  test("waits for its room's turn where the job's rooms take turns", async () => {
    const { room, worker, name } = await aJob({ fairness: "room" });
    const { held } = await park(worker);

    const { id } = await api.submit(room, name);

    expect(ok((await held).value).task.id).toBe(id);
    expect(await isWrittenOnce(id)).toEqual([{ once: false }]);
  });

  test("is one worker's, and the next is the next one's; who is left over waits on", async () => {
    const { room, job, worker, name } = await aJob();
    const workers = [worker];
    for (let more = 0; more < 2; more += 1) {
      workers.push((await api.registerJob(room, { name: job.name })).worker_id);
    }
    const claims = [];
    for (const one of workers) claims.push(await park(one, { seconds: 2 }));

    const submitted = await Promise.all([api.submit(room, name), api.submit(room, name)]);

    const tasks = (await Promise.all(claims.map(({ held }) => held))).map(({ value }) => ok(value).task);
    const ids = tasks.flatMap((task) => (task === null ? [] : [String(task.id)]));
    expect(ids.sort()).toEqual(submitted.map(({ id }) => id).sort());
  });

  test("that was submitted before with the same key is not given again", async () => {
    const { room, worker, name } = await aJob();
    const submit = () =>
      api.as("ann").post(`/rooms/${room}/tasks/${name}`, { headers: { "idempotency-key": "once" } });
    const { id } = ok(await submit(), 202);
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    const { held } = await park(worker, { seconds: 1 });

    expect((await submit()).status).toBe(200);

    expect(ok((await held).value)).toEqual({ task: null });
  });

  test("is not given to a worker that may be leaving this moment", async () => {
    const { room, worker, name } = await aJob();
    const { held } = await park(worker, { seconds: 30 });
    let id = "";

    await whileLocked(sql`select 1 from joblib.worker where id = ${worker}::uuid for update`, async () => {
      ({ id } = await api.submit(room, name));
      expect(await isWrittenOnce(id)).toEqual([{ once: true }]);
      expect(await api.readTask(id)).toMatchObject({ status: "pending", worker_id: null });
    });

    expect(ok((await held).value).task.id).toBe(id);
  });

  test("leaves what comes up while it is on its way to the next that waits", async () => {
    const { room, job, worker: first, name } = await aJob();
    const shared = await api.registerJob(room);
    const { id: second } = await api.createWorker();
    const { category, schema } = shared;
    for (const worker_id of [first, second]) {
      await api.registerJob(room, { category, name: shared.name, schema, worker_id });
    }
    const { id } = await api.submit(room, shared.full_name);
    await api.claim(shared.worker_id);
    const { held: given } = await park(first);
    const { held } = await park(second);

    let submitting: Promise<{ id: string }> | undefined;
    await whileLocked(sql`select 1 from joblib.job where id = ${job.id}::uuid for update`, async () => {
      submitting = api.submit(room, name);
      await eventually(isAwaited);
      ok(await api.as("wes").post(`/workers/${shared.worker_id}/release`, { body: { tasks: [id] } }));
      const { value, ms } = await held;
      expect(ok(value).task.id).toBe(id);
      expect(ms).toBeLessThan(SOON_MS);
    });

    expect(ok((await given).value).task.id).toBe((await submitting)?.id);
  });

  test("goes back where the worker's client is gone by then: its first attempt is the next one's", async () => {
    const { room, job, worker, name } = await aJob();
    const url = `${await other.app.listen({ port: 0, host: "127.0.0.1" })}${API}`;
    const client = new AbortController();
    const gone = expect(
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
      await eventually(isAwaited);
      client.abort();
      await gone;
    });
    const id = (await submitting)?.id;

    const claimed = await eventually(
      async () =>
        ok(await api.as("wes").post("/tasks/claim", { body: { worker_id: worker, start: true } })).task,
    );
    expect(claimed).toMatchObject({ id, runs: 1, errors: [] });
  });
});
