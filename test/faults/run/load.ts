import { submitSurely } from "../clients/submitter.ts";
import { elapse } from "../clock.ts";
import type { Scene } from "./scene.ts";
import { settle } from "./settle.ts";

/** How busy the servers are while something breaks. */
export interface Load {
  /** Clients that submit one task after the other; 2. */
  readonly submitters?: number;
  /** Workers over plain requests; 2. */
  readonly workers?: number;
  /** The longest pause between two submits of a client, in ms; 20. */
  readonly gapMs?: number;
  readonly failures?: number;
  /** How long the work on a task takes at most; 20. */
  readonly workMs?: number;
  /** How long the last tasks may take to their end, in seconds; 30. */
  readonly settleSeconds?: number;
}

/** Breaks something under load, and waits until all that was submitted has come to its end. */
export const underLoad = async (
  scene: Scene,
  { submitters = 2, workers = 2, gapMs = 20, failures = 0.05, workMs = 20, settleSeconds = 30 }: Load,
  breakIt: () => Promise<void>,
): Promise<void> => {
  for (let index = 0; index < workers; index += 1) await scene.rawWorker({ failures, workMs });
  const end = new AbortController();
  const follow = async (index: number): Promise<void> => {
    const client = scene.client("submitter");
    const random = scene.random.fork(`submitter ${index}`);
    for (let count = 0; !end.signal.aborted; count += 1) {
      await submitSurely(client, {
        token: `${index}-${count}`,
        options: { max_attempts: random.integer(1, 5) },
      });
      await elapse(random.between(0, gapMs));
    }
  };
  const following = Promise.all(Array.from({ length: submitters }, (_, index) => follow(index)));
  try {
    await Promise.race([breakIt(), following]);
  } finally {
    end.abort();
    await following;
  }
  await settle(scene, settleSeconds);
};

/** Does something again and again, at seeded times, for so long. */
export const atTimes = async (
  scene: Scene,
  { forMs, everyMs }: { readonly forMs: number; readonly everyMs: number },
  work: (index: number) => Promise<void> | void,
): Promise<void> => {
  const until = performance.now() + forMs;
  for (let index = 0; performance.now() < until; index += 1) {
    await elapse(scene.random.between(0, 2 * everyMs));
    await work(index);
  }
};
