import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { ok, wait } from "./answers.ts";
import { API, type Api, openApi } from "./api.ts";
import { aRoom } from "./scenes.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const aJob = async () => {
  const room = aRoom();
  const job = await api.registerJob(room);
  return { room, job, worker: job.worker_id, name: job.full_name };
};

const claim = (worker_id: string) => api.as("wes").post("/tasks/claim", { body: { worker_id }, ...wait(1) });
/** Resolves once the worker's request has reached the database: it is alive again. */
const untilHeard = (worker: string) =>
  eventually(async () => {
    const { items } = ok(await api.as("wes").get("/workers?limit=500"));
    return items.find(({ id }) => id === worker)?.alive === true;
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

  test("while it waits is given nothing: the task goes to whoever asks next, as if it had not asked", async () => {
    const { room, worker, name } = await aJob();
    await api.ageWorker(worker);
    const client = new AbortController();
    const gone = expect(fetchClaim(worker, client.signal)).rejects.toThrow();
    await untilHeard(worker);
    client.abort();
    await gone;

    const { id } = await api.submit(room, name);

    const task = await eventually(async () => ok(await claim(worker)).task);
    expect(task).toMatchObject({ id, runs: 0, errors: [] });
  });

  test("together with the task that it was about to be given loses it at once, at no cost", async () => {
    for (let times = 0; times < 10; times += 1) {
      const { room, worker, name } = await aJob();
      await api.ageWorker(worker);
      const client = new AbortController();
      const gone = fetchClaim(worker, client.signal).then(
        (answer) => answer.ok,
        () => false,
      );
      await untilHeard(worker);
      const submitted = api.submit(room, name);
      client.abort();
      const { id } = await submitted;
      expect(await gone).toBe(false);

      const task = await eventually(async () => ok(await claim(worker)).task);
      expect(task).toMatchObject({ id, runs: 0, errors: [] });
    }
  });
});
