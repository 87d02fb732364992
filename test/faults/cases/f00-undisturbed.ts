import { awaitEnd, submitSurely } from "../clients/submitter.ts";
import { elapse } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const TASKS = 150;
/** No fallback is so fast: who is told within it was woken. */
const BAR_MS = 1500;

/** Nothing is broken, and ends come at every moment of a wait's beginning, from the other server: all are told at once. */
export const undisturbed: FaultCase = {
  name: "F0 nothing broken",
  invariants: ["I8"],
  async run(scene) {
    scene.promises = { always: true };
    const hand = await scene.hand("hand", { server: 1 });
    const client = scene.client("submitter", { server: 1 });
    const waiting: Promise<unknown>[] = [];
    for (let index = 0; index < TASKS; index += 1) {
      const { id } = await submitSurely(client, { token: `${index}` });
      const held = await hand.claim({ start: true });
      if (held === undefined) throw new Error(`task ${id} was not there to be claimed`);
      const waiter = scene.client("waiter", { server: 0, timeoutSeconds: 15 });
      waiting.push(awaitEnd(waiter, id, { wait: 10, bar: BAR_MS, when: "nothing broken" }));
      await elapse(scene.random.between(0, 12));
      await hand.insist({ f: "complete", held });
    }
    await Promise.all(waiting);
    await settle(scene);
  },
};
