import { Redis } from "ioredis";
import type { FaultCase } from "../run/fault-case.ts";
import { atTimes } from "../run/load.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";
import { type Awaiting, awaitAndComplete } from "./f14-half-open.ts";

/** Redis away, and known to be: the database is read every second. */
const AWAY_MS = 2500;
/** Redis silent: it takes until the next look to be noticed. */
const SILENT_MS = 6500;

const whileAwaiting = async (
  scene: Scene,
  awaiting: Awaiting,
  breakIt: () => Promise<void>,
): Promise<void> => {
  scene.promises = { always: true };
  await Promise.all([awaitAndComplete(scene, awaiting), breakIt()]);
  await settle(scene);
};

/** Redis dies, stays away, and comes back empty. */
export const emptyRedis: FaultCase = {
  name: "F16 Redis killed, and back empty",
  invariants: ["I1", "I3", "I8"],
  cluster: { own: ["redis"] },
  async run(scene) {
    let isAway = false;
    const when = () => (isAway ? "Redis away" : "Redis killed and back");
    await whileAwaiting(scene, { forMs: 7000, bar: AWAY_MS, when }, async () => {
      await scene.pause(500);
      await scene.cluster.redis.stop("SIGKILL");
      scene.fault("Redis killed");
      isAway = true;
      await scene.pause(4000);
      isAway = false;
      await scene.cluster.redis.start();
    });
  },
};

/** Redis stands still, then pauses its clients, then leaves in order. */
export const silentRedis: FaultCase = {
  name: "F15 Redis paused, and shut down",
  invariants: ["I1", "I8"],
  cluster: { own: ["redis"] },
  run: (scene) =>
    whileAwaiting(scene, { forMs: 9000, bar: SILENT_MS }, async () => {
      const { redis } = scene.cluster;
      await scene.pause(300);
      process.kill(redis.pid, "SIGSTOP");
      scene.fault("Redis paused");
      await scene.pause(3500);
      process.kill(redis.pid, "SIGCONT");
      await scene.pause(500);
      const client = new Redis(redis.url);
      await client.call("CLIENT", "PAUSE", "1500", "ALL");
      scene.fault("Redis clients paused");
      client.disconnect();
      await scene.pause(2000);
      await redis.restart();
      scene.fault("Redis restarted");
    }),
};

/** The subscriptions' connections are killed again and again. */
export const killedSubscriptions: FaultCase = {
  name: "F17 Redis subscriptions killed",
  invariants: ["I8"],
  cluster: { own: ["redis"] },
  run: (scene) =>
    whileAwaiting(
      scene,
      { forMs: 4000, bar: AWAY_MS, when: () => "Redis subscriptions killed" },
      async () => {
        const client = new Redis(scene.cluster.redis.url);
        await atTimes(scene, { forMs: 4000, everyMs: 200 }, async () => {
          await client.call("CLIENT", "KILL", "TYPE", "pubsub");
          scene.fault("subscriptions killed");
        });
        client.disconnect();
      },
    ),
};
