import { eventually } from "../../support/eventually.ts";
import { awaitEnd, submitMany, submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { atTimes, underLoad } from "../run/load.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

const DEAF = { toClient: { blackHole: true }, toServer: { blackHole: true } };

/** For how long, how late the word of an end may be, and what it is a figure of at this moment. */
export interface Awaiting {
  readonly forMs: number;
  readonly bar: number;
  readonly when?: () => string;
}

/** Tasks are completed at one server while others wait for their end at the other. */
export const awaitAndComplete = async (scene: Scene, { forMs, bar, when }: Awaiting): Promise<void> => {
  const hand = await scene.hand("hand", { server: 1 });
  const waiter = scene.client("waiter", { server: 0, timeoutSeconds: 15 });
  const client = scene.client("submitter", { server: 1 });
  const waiting: Promise<unknown>[] = [];
  await atTimes(scene, { forMs, everyMs: 120 }, async (index) => {
    await submitSurely(client, { token: `await-${index}` });
    const held = await hand.claim({ start: true });
    if (held === undefined) return;
    waiting.push(awaitEnd(waiter, held.id, { wait: 15, bar, when: when?.() }));
    await scene.pause(scene.random.between(0, 60));
    await hand.insist({ f: "complete", held });
  });
  await Promise.all(waiting);
};

/** The link between a worker and its server falls silent, without a reset: the worker is given up, and refused when it returns. */
export const deafWorker: FaultCase = {
  name: "F14 half-open link of a worker",
  invariants: ["I4", "I7"],
  async run(scene) {
    const deaf = await scene.workerProcess("deaf", { concurrency: 1 });
    const options = { max_attempts: 3 };
    await submitMany(scene.client(), { prefix: "t", count: 3, job: "Work", payload: { ms: 500 }, options });
    await deaf.process.waitForLine(/completed/);
    await scene.pause(100);
    deaf.link.program(DEAF);
    scene.fault("black hole");
    scene.nemesis.note({ note: "gone", kind: "worker cut off", worker: deaf.id, within: scene.sweepBarMs });
    await scene.workerProcess("well", { server: 1 });
    await settle(scene);
    deaf.link.cut();
    deaf.link.heal();
    await scene.pause(500);
  },
};

/** Redis falls silent for one server: the others' events are lost on it, and its waiters still hear in time. */
export const deafRedis: FaultCase = {
  name: "F14 half-open link to Redis",
  invariants: ["I8"],
  async run(scene) {
    scene.promises = { always: true };
    const { redis } = scene.node(0);
    redis.program(DEAF);
    scene.fault("black hole");
    // Its silence shows after two seconds, at a look every two; then the database is read every second.
    await awaitAndComplete(scene, { forMs: 6000, bar: 6500 });
    redis.cut();
    redis.heal();
    await eventually(() => redis.size > 0);
    await awaitAndComplete(scene, { forMs: 1000, bar: 6500 });
    await settle(scene);
  },
};

/** The database falls silent for one server while the other goes on. */
export const deafPostgres: FaultCase = {
  name: "F14 half-open link to PostgreSQL",
  invariants: ["I1", "I13"],
  seconds: 90,
  async run(scene) {
    await underLoad(scene, {}, async () => {
      const { postgres } = scene.node(0);
      await scene.pause(500);
      postgres.program(DEAF);
      scene.fault("black hole");
      await scene.pause(4000);
      postgres.cut();
      postgres.heal();
      await submitSurely(scene.client("after", { server: 0 }), { token: "after" });
    });
  },
};
