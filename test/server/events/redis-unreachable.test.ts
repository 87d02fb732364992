import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { RedisEventBus } from "../../../server/events/redis-event-bus.ts";
import { findFreePort } from "../../support/free-port.ts";

test("the event bus logs only once that Redis is unreachable from the start", async () => {
  const redis = new Redis(await findFreePort(), "127.0.0.1", {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 10,
  });
  redis.on("error", () => {});
  const warnings: string[] = [];
  const warned = Promise.withResolvers<void>();
  const log = {
    info: () => {},
    error: () => {},
    warn: (_: object, message: string) => {
      warnings.push(message);
      warned.resolve();
    },
  };
  const bus = new RedisEventBus(redis, log);
  onTestFinished(async () => {
    await bus.close();
    redis.disconnect();
  });

  await warned.promise;
  for (let closes = 0; closes < 3; closes += 1) await new Promise((resolve) => redis.once("close", resolve));

  expect(warnings).toEqual(["Redis not reachable: long polls query the database every second"]);
  expect(bus.state).toBe("down");
});
