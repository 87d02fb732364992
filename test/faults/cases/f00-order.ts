import { submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const SUBMITTERS = 3;
const EACH = 50;
const AT_ONCE = 4;

/** Tasks pile up through both servers, and workers at both take them in handfuls: the first that was acknowledged is offered first. */
export const inOrder: FaultCase = {
  name: "F0 first in, first out",
  invariants: ["I12"],
  async run(scene) {
    scene.promises = { ordered: true, always: true };
    const hands = [await scene.hand("hand", { server: 0 }), await scene.hand("hand", { server: 1 })];
    const submitting = Array.from({ length: SUBMITTERS }, async (_, index) => {
      const client = scene.client("submitter", { server: index % 2 });
      const random = scene.random.fork(`submitter ${index}`);
      for (let count = 0; count < EACH; count += 1) {
        const options = { priority: random.integer(0, 1) };
        await submitSurely(client, { token: `${index}-${count}`, options });
        await scene.pause(random.between(0, 40));
      }
    });
    const beating = setInterval(() => void hands.map((hand) => hand.beat()), 500);
    scene.use({ [Symbol.asyncDispose]: async () => clearInterval(beating) });
    await Promise.all(submitting);
    const working = hands.map(async (hand, index) => {
      const random = scene.random.fork(`hand ${index}`);
      for (;;) {
        const taken = await hand.claimMany(random.integer(1, AT_ONCE), true);
        if (taken.length === 0) return;
        await Promise.all(taken.map((held) => hand.insist({ f: "complete", held })));
        // Offers so far apart that their order can be told.
        await scene.pause(random.between(50, 200));
      }
    });
    await Promise.all(working);
    await settle(scene);
  },
};
