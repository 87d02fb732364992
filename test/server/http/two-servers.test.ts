import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { type Api, openApi } from "./api.ts";
import { ok, preferWait, timed } from "./responses.ts";
import { waitForWaitingClaim } from "./waiting-claims.ts";

/** Well under the few seconds after which a waiting request reads again in any case. */
const SOON_MS = 3500;

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
  if (first === undefined || second === undefined) throw new Error("there is no Redis");
  here = await openApi({ redis: first });
  there = await openApi({ redis: second, orm: here.orm });
  await eventually(() => connections.every(({ status }) => status === "ready"));
});
afterAll(async () => {
  await there.close();
  await here.close();
  for (const one of connections) one.disconnect();
  await redis[Symbol.asyncDispose]();
});

/** Requests that wait on one server are answered soon after what the other was told. */
const expectWakeUps = async ([here, there]: [Api, Api], withinMs: number) => {
  const { id, worker, room, job } = await here.createTask("running");
  const idle = await here.registerJob(room, { name: job.name });
  const held = [
    timed(here.as("ann").get(`/tasks/${id}`, preferWait(30))),
    timed(here.as("wes").patch(`/workers/${worker}`, { body: { tasks: [id] }, ...preferWait(30) })),
    timed(here.as("wes").post("/tasks/claim", { body: { worker_id: idle.worker_id }, ...preferWait(30) })),
  ] as const;
  await waitForWaitingClaim(idle.worker_id);

  const { id: next } = await there.submit(room, job.full_name);
  ok(await there.update(id, { status: "cancelled" }, "ann"));

  const [read, beat, claim] = await Promise.all(held);
  expect(ok(read.value).status).toBe("cancelled");
  expect(ok(beat.value).stop).toEqual([{ task_id: id, reason: "cancelled" }]);
  expect(ok(claim.value).task.id).toBe(next);
  for (const { ms } of [read, beat, claim]) expect(ms).toBeLessThan(withinMs);
};

describe("of two servers on one database, what one is told wakes who waits on the other", () => {
  test("by Redis", () => expectWakeUps([here, there], SOON_MS));

  test("and by the database, every second, while Redis is away", async () => {
    await redis.stop();
    await eventually(() => connections.every(({ status }) => status !== "ready"));

    await expectWakeUps([here, there], SOON_MS);
  });

  test("and by Redis again when it is back", async () => {
    await redis.start();
    await eventually(() => connections.every(({ status }) => status === "ready"), Boolean, {
      timeoutMs: 20_000,
    });

    await expectWakeUps([here, there], SOON_MS);
  });

  test("and without a Redis by the look at the database that everybody takes every few seconds", async () => {
    const alone = await openApi({ orm: here.orm });
    const other = await openApi({ orm: here.orm });

    await expectWakeUps([alone, other], 15_000);
    await alone.close();
    await other.close();
  });
});
