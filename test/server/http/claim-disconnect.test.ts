import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { API, type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok, preferWait } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_open: 1 } });
});
afterAll(() => api.close());

const createJob = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  return { room, job, worker: job.worker_id, name: job.full_name };
};

const claim = (worker_id: string) =>
  api.as("wes").post("/tasks/claim", { body: { worker_id }, ...preferWait(1) });
/**
 * Resolves once a request of the worker has reached the database, which updates the worker's last
 * heartbeat.
 */
const waitForRequest = (worker: string) =>
  eventually(async () => {
    const { items } = ok(await api.as("wes").get("/workers?limit=500"));
    return items.find(({ id }) => id === worker)?.online === true;
  });

/**
 * Locks the worker's row while `work` runs, so that the worker cannot claim a task. `isBlocked`
 * returns true once a claim waits for the lock.
 */
const whileWorkerLocked = (worker: string, work: (isBlocked: () => Promise<boolean>) => Promise<void>) => {
  const isBlocked = async () => {
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
      await work(isBlocked);
    });
};
const countConnections = () =>
  new Promise<number>((resolve, reject) => {
    api.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

describe("disconnecting clients", () => {
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

  test("a client that disconnects gets no task for its waiting claim, so that the next claim starts attempt 1", async () => {
    const { room, worker, name } = await createJob();
    await api.ageWorker(worker);
    const client = new AbortController();
    const aborted = expect(fetchClaim(worker, client.signal)).rejects.toThrow();
    await waitForRequest(worker);
    client.abort();
    await aborted;
    await eventually(async () => (await countConnections()) === 0);

    const { id } = await api.submit(room, name);

    const task = await eventually(async () => ok(await claim(worker)).task);
    expect(task).toMatchObject({ id, attempt: 1, runs: 0, errors: [] });
  });

  test("a client that disconnects releases its long poll, so that another request can wait", async () => {
    const { worker, job } = await createJob();
    await api.ageWorker(worker);
    const client = new AbortController();
    const aborted = expect(fetchClaim(worker, client.signal)).rejects.toThrow();
    await waitForRequest(worker);
    expectProblem(await claim(job.worker_id), "service-unavailable");

    client.abort();
    await aborted;

    await eventually(async () => (await claim(job.worker_id)).status === 200);
  });

  test("a task that is being claimed when the client disconnects is requeued without counting a run", async () => {
    const { room, worker, name } = await createJob();
    const { id } = await api.submit(room, name);
    const client = new AbortController();

    await whileWorkerLocked(worker, async (isBlocked) => {
      const aborted = expect(fetchClaim(worker, client.signal)).rejects.toThrow();
      await eventually(isBlocked);
      client.abort();
      await aborted;
      await eventually(async () => (await countConnections()) === 0);
    });

    // A higher `attempt` shows that the task was claimed before it was requeued.
    const task = await eventually(
      () => api.readTask(id),
      ({ status, attempt }) => status === "pending" && attempt === 1,
    );
    expect(task).toMatchObject({ runs: 0, worker_id: null, started_at: null, errors: [] });
    expect((await api.claim(worker)).id).toBe(id);
  });

  test("a client that disconnects after it received the response to its claim keeps the lease", async () => {
    const { room, worker, name } = await createJob();
    const { id } = await api.submit(room, name);
    const client = new AbortController();

    const response = await fetchClaim(worker, client.signal);
    expect(await response.json()).toMatchObject({ task: { id, status: "running" } });
    client.abort();

    expect((await api.readTask(id)).status).toBe("running");
  });
});
