import { Redis } from "ioredis";
import { RedisEventBus } from "../../server/events/redis-event-bus.ts";
import { eventually } from "../support/eventually.ts";

/** A bus on a connection of its own, as another server has it, that is up; with what it logged. */
export const openRedisBus = async (
  url: string,
  who: { readonly username?: string; readonly password?: string; readonly enableReadyCheck?: boolean } = {},
) => {
  const errors: object[] = [];
  const said: string[] = [];
  const say = (_: object, message: string) => void said.push(message);
  const log = { info: say, warn: say, error: (fields: object) => void errors.push(fields) };
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, ...who });
  redis.on("error", () => {});
  const bus = new RedisEventBus(redis, log);
  await eventually(() => bus.state === "up");
  const close = async () => {
    await bus.close();
    redis.disconnect();
  };
  return { bus, redis, errors, said, close, [Symbol.asyncDispose]: close };
};
