import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { API, type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok, preferWait } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_waiting: 1 } });
});
afterAll(() => api.close());

const aJob = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  return { room, job, worker: job.worker_id, name: job.full_name };
};

const claim = (worker_id: string) =>
  api.as("wes").post("/tasks/claim", { body: { worker_id }, ...preferWait(1) });
/** Resolves once the worker's request has reached the database: it is alive again. */
const untilHeard = (worker: string) =>
  eventually(async () => {
    const { items } = ok(await api.as("wes").get("/workers?limit=500"));
    return items.find(({ id }) => id === worker)?.alive === true;
  });

/** Keeps the worker's row from being claimed for, until the work is done; `isAwaited` once a claim waits for it. */
const whileHeld = (worker: string, work: (isAwaited: () => Promise<boolean>) => Promise<void>) => {
  const isAwaited = async () => {
    const { rows } = await api.query(sql`select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`);
    return rows.length > 0;
  };
  return api.orm.em
    .fork()
    .getKysely()
    .transaction()
    .execute(async (transaction) => {
      await sql`select 1 from joblib.worker where id = ${worker}::uuid for update`.execute(transaction);
      await work(isAwaited);
    });
};
const openConnections = () =>
  new Promise<number>((resolve, reject) => {
    api.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

describe("a client that goes away", () => {
  let url = "";
  beforeAll(async () => {
    url = `${await api.app.listen({ port: 0, host: "127.0.0.1" })}${API}`;
  });
  const fetchClaim = (worker_id: string, signal: AbortSignal) =>
    fetch(`${url}/tasks/claim`, {
      method: "POST",
      headers: { "x-user": "wes", "content-type": "application/json", prefer: "wait=30" },
      body: JSON.stringify({ worker_id, start: true }),
      signal,
    });

  test("while it waits is given nothing: whoever asks next has the task's first attempt", async () => {
    const { room, worker, name } = await aJob();
    await api.ageWorker(worker);
    const client = new AbortController();
    const gone = expect(fetchClaim(worker, client.signal)).rejects.toThrow();
    await untilHeard(worker);
    client.abort();
    await gone;
    await eventually(async () => (await openConnections()) === 0);

    const { id } = await api.submit(room, name);

    const task = await eventually(async () => ok(await claim(worker)).task);
    expect(task).toMatchObject({ id, attempt: 1, runs: 0, errors: [] });
  });

  test("while it waits leaves its place to another: one may wait here at a time", async () => {
    const { worker, job } = await aJob();
    await api.ageWorker(worker);
    const client = new AbortController();
    const gone = expect(fetchClaim(worker, client.signal)).rejects.toThrow();
    await untilHeard(worker);
    expectProblem(await claim(job.worker_id), "service-unavailable");

    client.abort();
    await gone;

    await eventually(async () => (await claim(job.worker_id)).status === 200);
  });

  test("while its task is being taken for it is given nothing: the task is put back, at no cost", async () => {
    const { room, worker, name } = await aJob();
    const { id } = await api.submit(room, name);
    const client = new AbortController();

    await whileHeld(worker, async (isAwaited) => {
      const gone = expect(fetchClaim(worker, client.signal)).rejects.toThrow();
      await eventually(isAwaited);
      client.abort();
      await gone;
      await eventually(async () => (await openConnections()) === 0);
    });

    // It was claimed, as the attempt tells, and is pending again.
    const task = await eventually(
      () => api.readTask(id),
      ({ status, attempt }) => status === "pending" && attempt === 1,
    );
    expect(task).toMatchObject({ runs: 0, worker_id: null, started_at: null, errors: [] });
    expect((await api.claim(worker)).id).toBe(id);
  });

  test("after its answer has come keeps what it was given", async () => {
    const { room, worker, name } = await aJob();
    const { id } = await api.submit(room, name);
    const client = new AbortController();

    const answer = await fetchClaim(worker, client.signal);
    expect(await answer.json()).toMatchObject({ task: { id, status: "running" } });
    client.abort();

    expect((await api.readTask(id)).status).toBe("running");
  });
});
