import { cancel, submit } from "../clients/submitter.ts";
import { elapse } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const WORKERS = 40;
const RACES = 80;

/** A beat, a completion and the sweep of one attempt at the same moment: the worker was silent for just the threshold. */
export const atTheThreshold: FaultCase = {
  name: "F22 beat, completion and sweep at once",
  invariants: ["I4", "I5"],
  async run(scene) {
    const client = scene.client();
    await Promise.all(
      Array.from({ length: WORKERS }, (_, index) =>
        submit(client, { token: `${index}`, options: { max_attempts: 1 + (index % 3) } }),
      ),
    );
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, index) => {
        const random = scene.random.fork(`hand ${index}`);
        const hand = await scene.hand("hand", { server: index % 2, silent: true });
        const held = await hand.claim({ start: true });
        if (held === undefined) return;
        await elapse(scene.thresholdMs + random.between(-50, 300));
        const beat = elapse(random.between(0, 20)).then(() => hand.beat([held.id]));
        const told = hand.say({ f: random.chance(0.8) ? "complete" : "fail", held });
        await Promise.all([beat, told]);
      }),
    );
    scene.fault("races at the threshold");
    await scene.rawWorker({ workMs: 1 });
    await settle(scene);
  },
};

/** Many workers cross the threshold together, and beat while the sweeper is at work on the others: who was heard is not dead. */
export const beatsAtTheThreshold: FaultCase = {
  name: "F22 beats while the dead are swept",
  invariants: ["I14"],
  cluster: { settings: { JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.1" } },
  async run(scene) {
    const hands = await Promise.all(
      Array.from({ length: 2 * WORKERS }, (_, index) =>
        scene.hand("hand", { server: index % 2, silent: true }),
      ),
    );
    await Promise.all(hands.map((hand) => hand.beat([])));
    await Promise.all(
      hands.map(async (hand, index) => {
        const random = scene.random.fork(`hand ${index}`);
        await elapse(scene.thresholdMs + random.between(0, 400));
        await hand.beat([]);
      }),
    );
    scene.fault("races at the threshold");
  },
};

/** Cancel, completion and claim of one task at once. */
export const cancelRaces: FaultCase = {
  name: "F23 cancel, completion and claim at once",
  invariants: ["I9"],
  async run(scene) {
    const hands = [await scene.hand("hand", { server: 0 }), await scene.hand("hand", { server: 1 })];
    const clients = [scene.client("client", { server: 0 }), scene.client("client", { server: 1 })];
    for (let race = 0; race < RACES; race += 1) {
      const [own, other] = race % 2 === 0 ? hands : hands.toReversed();
      const [near, far] = scene.random.shuffled(clients);
      if (own === undefined || other === undefined || near === undefined || far === undefined) return;
      const made = await submit(near, { token: `${race}` });
      if (made.outcome !== "ok") continue;
      const isClaimed = scene.random.chance(0.6);
      const held = isClaimed ? await own.claim({ start: true }) : undefined;
      const late = () => elapse(scene.random.between(0, 6));
      const [, , taken] = await Promise.all([
        late().then(() => cancel(far, made.body.id)),
        late().then(() => held && own.say({ f: "complete", held })),
        late().then(() => other.claim({ start: true })),
      ]);
      if (taken !== undefined) await other.insist({ f: "complete", held: taken });
    }
    scene.fault("races with a cancel");
    for (const hand of hands) await hand.leave();
    await scene.rawWorker({ workMs: 1 });
    await settle(scene);
  },
};
