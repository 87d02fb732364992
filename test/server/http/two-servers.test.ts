import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Health } from "../../../protocol/index.ts";
import { getPollInterval } from "../../../server/state/long-poll.ts";
import { eventually } from "../../support/eventually.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { type Api, openApi } from "./api.ts";
import { openEventStream } from "./event-stream.ts";
import { LONG_WAIT_SECONDS, LONG_WAIT_SETTINGS, NEVER_MS, waitForWaitingClaim } from "./long-polls.ts";
import { ok, parseBody, preferWait } from "./responses.ts";

vi.mock("../../../server/state/long-poll.ts", async (importOriginal) => {
  const original = await importOriginal<{ getPollInterval: typeof getPollInterval }>();
  return { ...original, getPollInterval: vi.fn(original.getPollInterval) };
});

let redis: RedisServer;
let connections: Redis[] = [];
let here: Api;
let there: Api;
beforeAll(async () => {
  redis = await startRedis();
  const options = { enableOfflineQueue: false, maxRetriesPerRequest: 1 };
  connections = [new Redis(redis.url, options), new Redis(redis.url, options)];
  for (const one of connections) one.on("error", () => {});
  const [first, second] = connections;
  if (first === undefined || second === undefined) throw new Error("no connection to Redis");
  here = await openApi({ redis: first, settings: LONG_WAIT_SETTINGS });
  there = await openApi({ redis: second, orm: here.orm, settings: LONG_WAIT_SETTINGS });
});
afterAll(async () => {
  await there.close();
  await here.close();
  for (const one of connections) one.disconnect();
  await redis[Symbol.asyncDispose]();
});

/** Resolves once the event buses of both servers are in the given state. */
const waitForBuses = (state: "up" | "down") =>
  eventually(
    async () => {
      const responses = await Promise.all([here, there].map((api) => api.as("root").get("/health")));
      return responses.every((response) => parseBody(Health, response).bus.state === state);
    },
    Boolean,
    { timeoutMs: 20_000, what: `event buses that are ${state}` },
  );

/** Requires that requests to the server `other` end long polls on the server `waiting`. */
const expectWakeUps = async ([waiting, other]: [Api, Api]) => {
  const { id, worker, room, job } = await waiting.createTask("running");
  const idle = await waiting.registerJob(room, { name: job.name });
  const wait = preferWait(LONG_WAIT_SECONDS);
  const responses = [
    waiting.as("ann").get(`/tasks/${id}`, wait),
    waiting.as("wes").patch(`/workers/${worker}`, { body: { tasks: [id] }, ...wait }),
    waiting.as("wes").post("/tasks/claim", { body: { worker_id: idle.worker_id }, ...wait }),
  ] as const;
  await waitForWaitingClaim(idle.worker_id);

  const { id: next } = await other.submit(room, job.full_name);
  ok(await other.update(id, { status: "cancelled" }, "ann"));

  const [read, heartbeat, claim] = await Promise.all(responses);
  expect(ok(read).status).toBe("cancelled");
  expect(ok(heartbeat).stop).toEqual([{ task_id: id, reason: "cancelled" }]);
  expect(ok(claim).task.id).toBe(next);
};

/** Calls `expectWakeUps` with polling turned off, so that only events can end the long polls. */
const expectWakeUpsByEvents = async () => {
  vi.mocked(getPollInterval).mockReturnValue(NEVER_MS);
  await waitForBuses("up");
  try {
    await expectWakeUps([here, there]);
  } finally {
    vi.mocked(getPollInterval).mockReset();
  }
};

describe("long polls on two servers", () => {
  test("a long poll is woken over Redis by a request to another server", expectWakeUpsByEvents);

  test("an output stream sends the parts that a worker stores at another server", async () => {
    vi.mocked(getPollInterval).mockReturnValue(NEVER_MS);
    await waitForBuses("up");
    const url = await here.app.listen({ port: 0, host: "127.0.0.1" });
    const { id, worker } = await there.createTask("running");
    const lease = { worker_id: worker, attempt: 1 };
    await using stream = await openEventStream(`${url}/v1/joblib/tasks/${id}/output/events`, {
      "x-user": "ann",
    });
    expect(await stream.next()).toMatchObject({ event: "attempt", data: { attempt: 1 } });

    const output = { number: 0, parts: ["over there"] };
    ok(await there.as("wes").patch(`/tasks/${id}`, { body: { ...lease, output } }));
    expect(await stream.next()).toMatchObject({ event: "parts", data: { parts: ["over there"] } });
    ok(await there.update(id, { ...lease, status: "completed" }));
    expect(await stream.next()).toMatchObject({ event: "end", data: { status: "completed", count: 1 } });
    vi.mocked(getPollInterval).mockReset();
  });

  test("a long poll reads the database at least once a second while Redis is down", async () => {
    await redis.stop();
    await waitForBuses("down");

    await expectWakeUps([here, there]);

    const { results } = vi.mocked(getPollInterval).mock;
    expect(results.every(({ value }) => value <= 1000)).toBe(true);
  });

  test("a long poll is woken over Redis again after Redis has restarted", async () => {
    await redis.start();

    await expectWakeUpsByEvents();
  });

  test("a long poll on a server without Redis reads the database every few seconds", async () => {
    const first = await openApi({ orm: here.orm, settings: LONG_WAIT_SETTINGS });
    const second = await openApi({ orm: here.orm, settings: LONG_WAIT_SETTINGS });

    await expectWakeUps([first, second]);
    await first.close();
    await second.close();
  });
});
