import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { createListener, createTaskChange, eventBusSuite } from "./event-bus.suite.ts";
import { openRedisBus } from "./redis-bus.ts";

const OUTAGE = { timeoutMs: 20_000 };

eventBusSuite("the event bus on Redis", () => openRedisBus(inject("redisUrl")));

test("two buses on one Redis tell each other's subscribers", async () => {
  const [here, there] = await Promise.all([
    openRedisBus(inject("redisUrl")),
    openRedisBus(inject("redisUrl")),
  ]);
  const { event, channel } = createTaskChange("w");
  const [mine, other] = [createListener(), createListener()];
  await here.bus.subscribe(channel, mine.handler);
  await there.bus.subscribe(channel, other.handler);

  await here.bus.publish([event]);
  await there.bus.publish([event]);

  await eventually(() => mine.heard.length === 2 && other.heard.length === 2);
  expect([mine.heard, other.heard]).toEqual([
    [event, event],
    [event, event],
  ]);
  await Promise.all([here.close(), there.close()]);
});

test("what another version published means: read again", async () => {
  const { bus, redis, close } = await openRedisBus(inject("redisUrl"));
  const { channel } = createTaskChange();
  const { heard, handler } = createListener();
  await bus.subscribe(channel, handler);

  await redis.publish(channel, '{"kind":"from-the-future"}');
  await redis.publish(channel, "no JSON");

  await eventually(() => heard.length === 2);
  expect(heard).toEqual([undefined, undefined]);
  await close();
});

test("a server that was cut from Redis wakes the others' waiters when it is back: they heard nothing of it", async () => {
  const [cut, well] = await Promise.all([openRedisBus(inject("redisUrl")), openRedisBus(inject("redisUrl"))]);
  const { event, channel } = createTaskChange();
  const { heard, handler } = createListener();
  await well.bus.subscribe(channel, handler);
  cut.redis.disconnect();
  await eventually(() => cut.bus.state === "down");
  await cut.bus.publish([event]);
  expect([well.bus.state, heard]).toEqual(["up", []]);

  await cut.redis.connect();

  await eventually(() => heard.length > 0);
  expect(heard).toEqual([undefined]);
  await Promise.all([cut.close(), well.close()]);
});

describe("while Redis is away", () => {
  let server: RedisServer;
  let opened: Awaited<ReturnType<typeof openRedisBus>>;
  beforeAll(async () => {
    server = await startRedis();
    opened = await openRedisBus(server.url);
  });
  afterAll(async () => {
    await opened.close();
    await server[Symbol.asyncDispose]();
  });

  test("the bus logs that Redis is not reachable, notifies this process, and wakes every handler when Redis is back", async () => {
    const { bus, said } = opened;
    const [before, during] = [createTaskChange(), createTaskChange()];
    const [waiting, late] = [createListener(), createListener()];
    await bus.subscribe(before.channel, waiting.handler);

    await server.stop();
    await eventually(() => bus.state === "down", Boolean, OUTAGE);
    expect(said.at(-1)).toMatch(/^Redis not reachable/);
    // Handlers are woken so that they poll at another interval.
    await eventually(() => waiting.heard.length > 0);
    await bus.subscribe(during.channel, late.handler);
    await bus.publish([before.event, during.event]);
    expect([waiting.heard.at(-1), late.heard]).toEqual([before.event, [during.event]]);

    const [toldSoFar, lateSoFar] = [waiting.heard.length, late.heard.length];
    await server.start();
    await eventually(() => bus.state === "up", Boolean, OUTAGE);
    await eventually(() => waiting.heard.length > toldSoFar && late.heard.length > lateSoFar);
    expect([waiting.heard.at(-1), late.heard.at(-1)]).toEqual([undefined, undefined]);
    expect(said.at(-1)).toMatch(/^Redis connected/);
  });

  test("what was subscribed before and meanwhile is heard from others afterwards", async () => {
    const { bus } = opened;
    const [before, during] = [createTaskChange(), createTaskChange()];
    const [waiting, late] = [createListener(), createListener()];
    await bus.subscribe(before.channel, waiting.handler);
    await server.restart("SIGKILL");
    await bus.subscribe(during.channel, late.handler);
    await eventually(() => bus.state === "up", Boolean, OUTAGE);
    const other = await openRedisBus(server.url);

    await other.bus.publish([before.event, during.event]);

    await eventually(() => [waiting, late].every(({ heard }) => heard.some((event) => event !== undefined)));
    expect([waiting.heard.at(-1), late.heard.at(-1)]).toEqual([before.event, during.event]);
    await other.close();
  });

  test("a Redis that hangs counts as away: this process is told all the same", async () => {
    const { bus } = opened;
    const { event, channel } = createTaskChange();
    const { heard, handler } = createListener();
    await bus.subscribe(channel, handler);

    process.kill(server.pid, "SIGSTOP");
    try {
      await bus.publish([event]);
      expect(bus.state).toBe("down");
      expect(heard).toContainEqual(event);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }

    await eventually(() => bus.state === "up", Boolean, OUTAGE);
  });
});
