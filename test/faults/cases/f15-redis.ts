import { Redis } from "ioredis";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { repeatAtRandomTimes } from "../run/load.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";
import { type AwaitOptions, awaitAndComplete } from "./f14-half-open.ts";

/**
 * Maximum notification delay while the server knows that Redis is down: long polls then query the
 * database every second.
 */
const MAX_DELAY_REDIS_DOWN_MS = 2500;
/**
 * Maximum notification delay while Redis accepts connections but does not respond: the server's
 * next check of Redis must time out before long polls query the database.
 */
const MAX_DELAY_REDIS_SILENT_MS = 6500;

const breakWhileAwaiting = async (
  context: CaseContext,
  options: AwaitOptions,
  breakIt: () => Promise<void>,
): Promise<void> => {
  context.expectations = { no5xx: true };
  await Promise.all([awaitAndComplete(context, options), breakIt()]);
  await waitForAllTasks(context);
};

/** Redis is killed, stays down for some time, and restarts without data. */
export const emptyRedis: FaultCase = {
  name: "F16 Redis is killed and restarts without data",
  invariants: ["I1", "I3", "I8"],
  cluster: { own: ["redis"] },
  async run(context) {
    let isDown = false;
    const condition = () => (isDown ? "Redis down" : "Redis up before and after a kill");
    await breakWhileAwaiting(
      context,
      { forMs: 7000, maxDelayMs: MAX_DELAY_REDIS_DOWN_MS, condition },
      async () => {
        await context.pause(500);
        await context.cluster.redis.stop("SIGKILL");
        context.fault("Redis killed");
        isDown = true;
        await context.pause(4000);
        isDown = false;
        await context.cluster.redis.start();
      },
    );
  },
};

/**
 * The Redis process is paused. Later, Redis pauses its clients with CLIENT PAUSE, and finally Redis
 * is restarted after a clean shutdown.
 */
export const silentRedis: FaultCase = {
  name: "F15 Redis is paused and restarted",
  invariants: ["I1", "I8"],
  cluster: { own: ["redis"] },
  run: (context) =>
    breakWhileAwaiting(context, { forMs: 9000, maxDelayMs: MAX_DELAY_REDIS_SILENT_MS }, async () => {
      const { redis } = context.cluster;
      await context.pause(300);
      process.kill(redis.pid, "SIGSTOP");
      context.fault("Redis paused");
      await context.pause(3500);
      process.kill(redis.pid, "SIGCONT");
      await context.pause(500);
      const client = new Redis(redis.url);
      await client.call("CLIENT", "PAUSE", "1500", "ALL");
      context.fault("Redis clients paused");
      client.disconnect();
      await context.pause(2000);
      await redis.restart();
      context.fault("Redis restarted");
    }),
};

/** The Redis connections that the servers use for subscriptions are killed repeatedly. */
export const killedSubscriptions: FaultCase = {
  name: "F17 the servers' Redis subscriptions are killed",
  invariants: ["I8"],
  cluster: { own: ["redis"] },
  run: (context) =>
    breakWhileAwaiting(
      context,
      { forMs: 4000, maxDelayMs: MAX_DELAY_REDIS_DOWN_MS, condition: () => "Redis subscriptions killed" },
      async () => {
        const client = new Redis(context.cluster.redis.url);
        await repeatAtRandomTimes(context, { forMs: 4000, everyMs: 200 }, async () => {
          await client.call("CLIENT", "KILL", "TYPE", "pubsub");
          context.fault("subscriptions killed");
        });
        client.disconnect();
      },
    ),
};
