import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { createListener, createTaskChange } from "./event-bus.suite.ts";
import { openRedisBus } from "./redis-bus.ts";

let server: RedisServer;
let admin: Redis;
beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});

/** A bus whose user may do no more than that. */
const openBusWithRights = async (name: string, ...rights: string[]) => {
  await admin.call("ACL", "SETUSER", name, "on", ">secret", "resetchannels", ...rights);
  return openRedisBus(server.url, { username: name, password: "secret", enableReadyCheck: false });
};

const countCalls = async (command: string): Promise<number> => {
  const stats = await admin.info("commandstats");
  const line = stats.split("\n").find((text) => text.startsWith(`cmdstat_${command}:`)) ?? "";
  return Number(/rejected_calls=(\d+)/.exec(line)?.[1] ?? 0) + Number(/calls=(\d+)/.exec(line)?.[1] ?? 0);
};

const PUB_SUB = ["+ping", "+publish", "+subscribe", "+unsubscribe"];

test("the events of a statement are one command", async () => {
  await using opened = await openBusWithRights("all", ...PUB_SUB, "+eval", "allchannels");
  const changes = Array.from({ length: 100 }, () => createTaskChange());
  const { heard, handler } = createListener();
  await opened.bus.subscribe(changes[99]?.channel ?? "", handler);
  const before = await countCalls("eval");

  await opened.bus.publish(changes.map(({ event }) => event));

  await eventually(() => heard.length === 1);
  expect(heard).toEqual([changes[99]?.event]);
  expect((await countCalls("eval")) - before).toBe(1);
});

test("of very many events each thousand is a command", async () => {
  await using opened = await openBusWithRights("many", ...PUB_SUB, "+eval", "allchannels");
  const changes = Array.from({ length: 70_000 }, () => createTaskChange());
  const { heard, handler } = createListener();
  await opened.bus.subscribe(changes.at(-1)?.channel ?? "", handler);
  const before = await countCalls("eval");

  await opened.bus.publish(changes.map(({ event }) => event));

  await eventually(() => heard.length === 1);
  // A channel of its own for each task, and one for each room.
  expect((await countCalls("eval")) - before).toBe(140);
});

test("a user of Redis that may run no script is asked for one once, and its events are heard", async () => {
  await using opened = await openBusWithRights("plain", ...PUB_SUB, "allchannels");
  const [one, other] = [createTaskChange(), createTaskChange()];
  const { heard, handler } = createListener();
  await opened.bus.subscribe(other.channel, handler);
  const before = await countCalls("eval");

  for (let times = 0; times < 3; times += 1) await opened.bus.publish([one.event, other.event]);

  await eventually(() => heard.length === 3);
  expect(heard).toEqual([other.event, other.event, other.event]);
  expect((await countCalls("eval")) - before).toBe(1);
  expect(opened.errors).toEqual([]);
});

test("a Redis that refuses events is told of once; this process hears them all the same", async () => {
  await using opened = await openBusWithRights(
    "mute",
    "+ping",
    "+subscribe",
    "+unsubscribe",
    "+eval",
    "allchannels",
  );
  const [one, other] = [createTaskChange(), createTaskChange()];
  const { heard, handler } = createListener();
  await opened.bus.subscribe(other.channel, handler);

  for (let times = 0; times < 3; times += 1) await opened.bus.publish([one.event, other.event]);

  expect(heard).toEqual([other.event, other.event, other.event]);
  expect(opened.errors).toEqual([
    { err: expect.objectContaining({ message: expect.stringMatching(/^NOPERM/) }) },
  ]);
});
