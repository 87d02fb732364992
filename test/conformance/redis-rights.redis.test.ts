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

/** Opens a bus whose Redis user has only the given rights. */
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

test("the Redis event bus publishes a list of events with one command", async () => {
  await using connection = await openBusWithRights("all", ...PUB_SUB, "+eval", "allchannels");
  const changes = Array.from({ length: 100 }, () => createTaskChange());
  const { received, handler } = createListener();
  await connection.bus.subscribe(changes[99]?.channel ?? "", handler);
  const before = await countCalls("eval");

  await connection.bus.publish(changes.map(({ event }) => event));

  await eventually(() => received.length === 1);
  expect(received).toEqual([changes[99]?.event]);
  expect((await countCalls("eval")) - before).toBe(1);
});

test("the Redis event bus publishes at most 1,000 messages with one command", async () => {
  await using connection = await openBusWithRights("many", ...PUB_SUB, "+eval", "allchannels");
  const changes = Array.from({ length: 70_000 }, () => createTaskChange());
  const { received, handler } = createListener();
  await connection.bus.subscribe(changes.at(-1)?.channel ?? "", handler);
  const before = await countCalls("eval");

  await connection.bus.publish(changes.map(({ event }) => event));

  await eventually(() => received.length === 1);
  // The 70,000 events are 140,000 messages, because each event is published on its task's channel
  // and on its room's channel.
  expect((await countCalls("eval")) - before).toBe(140);
});

test("the Redis event bus publishes without scripts after Redis has refused a script, and logs no error", async () => {
  await using connection = await openBusWithRights("plain", ...PUB_SUB, "allchannels");
  const [one, other] = [createTaskChange(), createTaskChange()];
  const { received, handler } = createListener();
  await connection.bus.subscribe(other.channel, handler);
  const before = await countCalls("eval");

  for (let times = 0; times < 3; times += 1) await connection.bus.publish([one.event, other.event]);

  await eventually(() => received.length === 3);
  expect(received).toEqual([other.event, other.event, other.event]);
  expect((await countCalls("eval")) - before).toBe(1);
  expect(connection.errors).toEqual([]);
});

test("the Redis event bus logs once that it has no permission to publish, and still notifies its own process", async () => {
  await using connection = await openBusWithRights(
    "mute",
    "+ping",
    "+subscribe",
    "+unsubscribe",
    "+eval",
    "allchannels",
  );
  const [one, other] = [createTaskChange(), createTaskChange()];
  const { received, handler } = createListener();
  await connection.bus.subscribe(other.channel, handler);

  for (let times = 0; times < 3; times += 1) await connection.bus.publish([one.event, other.event]);

  expect(received).toEqual([other.event, other.event, other.event]);
  expect(connection.errors).toEqual([
    { err: expect.objectContaining({ message: expect.stringMatching(/^NOPERM/) }) },
  ]);
});
