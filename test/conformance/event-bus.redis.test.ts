import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { createListener, createTaskChange, eventBusSuite } from "./event-bus.suite.ts";
import { openRedisBus } from "./redis-bus.ts";

const OUTAGE = { timeoutMs: 20_000 };

eventBusSuite("Redis event bus", () => openRedisBus(inject("redisUrl")));

test("the Redis event bus notifies the subscribers of other servers on the same Redis", async () => {
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

  await eventually(() => mine.received.length === 2 && other.received.length === 2);
  expect([mine.received, other.received]).toEqual([
    [event, event],
    [event, event],
  ]);
  await Promise.all([here.close(), there.close()]);
});

test("the Redis event bus calls handlers with undefined if it cannot parse a message", async () => {
  const { bus, redis, close } = await openRedisBus(inject("redisUrl"));
  const { channel } = createTaskChange();
  const { received, handler } = createListener();
  await bus.subscribe(channel, handler);

  await redis.publish(channel, '{"kind":"from-the-future"}');
  await redis.publish(channel, "no JSON");

  await eventually(() => received.length === 2);
  expect(received).toEqual([undefined, undefined]);
  await close();
});

test("the Redis event bus wakes the handlers of other servers when it reconnects, because these handlers missed events", async () => {
  const [disconnected, connected] = await Promise.all([
    openRedisBus(inject("redisUrl")),
    openRedisBus(inject("redisUrl")),
  ]);
  const { event, channel } = createTaskChange();
  const { received, handler } = createListener();
  await connected.bus.subscribe(channel, handler);
  disconnected.redis.disconnect();
  await eventually(() => disconnected.bus.state === "down");
  await disconnected.bus.publish([event]);
  expect([connected.bus.state, received]).toEqual(["up", []]);

  await disconnected.redis.connect();

  await eventually(() => received.length > 0);
  expect(received).toEqual([undefined]);
  await Promise.all([disconnected.close(), connected.close()]);
});

describe("Redis event bus during an outage", () => {
  let server: RedisServer;
  let connection: Awaited<ReturnType<typeof openRedisBus>>;
  beforeAll(async () => {
    server = await startRedis();
    connection = await openRedisBus(server.url);
  });
  afterAll(async () => {
    await connection.close();
    await server[Symbol.asyncDispose]();
  });

  test("the Redis event bus logs an outage, notifies its own process, and wakes every handler after it reconnects", async () => {
    const { bus, messages } = connection;
    const [before, during] = [createTaskChange(), createTaskChange()];
    const [waiting, late] = [createListener(), createListener()];
    await bus.subscribe(before.channel, waiting.handler);

    await server.stop();
    await eventually(() => bus.state === "down", Boolean, OUTAGE);
    expect(messages.at(-1)).toMatch(/^Redis not reachable/);
    // The bus wakes every handler when an outage begins, because the interval at which long polls
    // query the database then changes.
    await eventually(() => waiting.received.length > 0);
    await bus.subscribe(during.channel, late.handler);
    await bus.publish([before.event, during.event]);
    expect([waiting.received.at(-1), late.received]).toEqual([before.event, [during.event]]);

    const [waitingBefore, lateBefore] = [waiting.received.length, late.received.length];
    await server.start();
    await eventually(() => bus.state === "up", Boolean, OUTAGE);
    await eventually(() => waiting.received.length > waitingBefore && late.received.length > lateBefore);
    expect([waiting.received.at(-1), late.received.at(-1)]).toEqual([undefined, undefined]);
    expect(messages.at(-1)).toMatch(/^Redis connected/);
  });

  test("the Redis event bus receives events of other servers after an outage, for subscriptions from before and during the outage", async () => {
    const { bus } = connection;
    const [before, during] = [createTaskChange(), createTaskChange()];
    const [waiting, late] = [createListener(), createListener()];
    await bus.subscribe(before.channel, waiting.handler);
    await server.restart("SIGKILL");
    await bus.subscribe(during.channel, late.handler);
    await eventually(() => bus.state === "up", Boolean, OUTAGE);
    const other = await openRedisBus(server.url);

    await other.bus.publish([before.event, during.event]);

    await eventually(() =>
      [waiting, late].every(({ received }) => received.some((event) => event !== undefined)),
    );
    expect([waiting.received.at(-1), late.received.at(-1)]).toEqual([before.event, during.event]);
    await other.close();
  });

  test("the Redis event bus treats a hanging Redis as down and still notifies its own process", async () => {
    const { bus } = connection;
    const { event, channel } = createTaskChange();
    const { received, handler } = createListener();
    await bus.subscribe(channel, handler);

    process.kill(server.pid, "SIGSTOP");
    try {
      await bus.publish([event]);
      expect(bus.state).toBe("down");
      expect(received).toContainEqual(event);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }

    await eventually(() => bus.state === "up", Boolean, OUTAGE);
  });
});
