import { Redis } from "ioredis";
import { RedisEventBus } from "../../server/events/redis-event-bus.ts";
import { eventually } from "../support/eventually.ts";

/**
 * Opens a bus with its own connection, as a separate server has, and waits until the bus is up.
 * Returns the bus with its log messages.
 */
export const openRedisBus = async (
  url: string,
  credentials: {
    readonly username?: string;
    readonly password?: string;
    readonly enableReadyCheck?: boolean;
  } = {},
) => {
  const errors: object[] = [];
  const messages: string[] = [];
  const append = (_: object, message: string) => void messages.push(message);
  const log = { info: append, warn: append, error: (fields: object) => void errors.push(fields) };
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, ...credentials });
  redis.on("error", () => {});
  const bus = new RedisEventBus(redis, log);
  await eventually(() => bus.state === "up");
  const close = async () => {
    await bus.close();
    redis.disconnect();
  };
  return { bus, redis, errors, messages, close, [Symbol.asyncDispose]: close };
};
