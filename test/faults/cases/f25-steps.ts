import type { Task } from "../../../sdk/index.ts";
import type { Hand, Held, Word } from "../clients/hand.ts";
import { cancel, submit } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

const STANDS = ["claimed", "running", "completed", "failed", "cancelled", "given up"] as const;
const WORDS = ["start", "complete", "fail", "progress"] as const;
const TOKENS = ["right", "stale", "foreign"] as const;

/** Brings a task to where it is to stand, and gives the hold that was its. */
const bring = async (hand: Hand, held: Task, stand: (typeof STANDS)[number]): Promise<void> => {
  if (stand === "claimed") return;
  await hand.insist({ f: "start", held });
  if (stand === "completed") await hand.insist({ f: "complete", held });
  if (stand === "failed" || stand === "given up") await hand.insist({ f: "fail", held });
  if (stand === "cancelled") await cancel(hand.client, held.id);
};

const wordOf = (f: Word["f"], token: (typeof TOKENS)[number], parts: { held: Held; other: Hand }): Word => {
  const { held, other } = parts;
  if (token === "stale") return { f, held: { id: held.id, attempt: held.attempt - 1 } };
  return token === "foreign" ? { f, held, worker: other.worker } : { f, held };
};

const tryAll = async (scene: Scene, hand: Hand, other: Hand): Promise<void> => {
  for (const stand of STANDS) {
    for (const f of WORDS) {
      for (const token of TOKENS) {
        const options = { max_attempts: stand === "given up" ? 2 : 1 };
        await submit(hand.client, { token: `${stand} ${f} ${token}`, options });
        const held = await hand.claim();
        if (held === undefined) throw new Error(`no task for ${stand} ${f} ${token}`);
        await bring(hand, held, stand);
        const answer = await hand.say(wordOf(f, token, { held, other }));
        const isRefused = answer.outcome === "fail";
        scene.require(token === "right" || isRefused, "I4", `${token} ${f} was taken of a ${stand} task`);
        // A task that stands open is not to be met by the next turn's claim.
        await cancel(hand.client, held.id);
      }
    }
  }
};

/** Every word of a worker, of a task wherever it can stand, under the right hold, an older one, and another's. */
export const allSteps: FaultCase = {
  name: "F25 every step from everywhere",
  invariants: ["I5", "I6"],
  async run(scene) {
    const hand = await scene.hand("hand");
    const other = await scene.hand("other");
    scene.fault("invalid status updates");
    const beating = setInterval(() => void other.beat(), 500);
    try {
      await tryAll(scene, hand, other);
    } finally {
      clearInterval(beating);
    }
    await settle(scene, 5);
  },
};
