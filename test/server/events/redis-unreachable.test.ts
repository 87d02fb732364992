import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { RedisEventBus } from "../../../server/events/redis-event-bus.ts";
import { findFreePort } from "../../support/free-port.ts";

test("a Redis that was never there is told of in the log, once", async () => {
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
  for (let closed = 0; closed < 3; closed += 1) await new Promise((resolve) => redis.once("close", resolve));

  expect(warnings).toEqual(["Redis not reachable: long polls read the database every second"]);
  expect(bus.state).toBe("down");
});
