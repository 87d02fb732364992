import { submitSurely } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const ROUNDS = 25;
/** The server's grace, a beat, and what a busy machine adds. */
const BAR_MS = 3000;

/** A client goes away at the very instant in which its waiting claim is given a task. */
export const abortedClaims: FaultCase = {
  name: "F3 claims aborted as they are answered",
  invariants: ["I3", "I7"],
  async run(scene) {
    const client = scene.client();
    const leaver = await scene.hand("leaver", { server: 0 });
    const stayer = await scene.hand("stayer", { server: 1 });
    for (let round = 0; round < ROUNDS; round += 1) {
      const abort = new AbortController();
      const claim = leaver.claim({ wait: 5, start: scene.random.chance(0.3), signal: abort.signal });
      await scene.pause(scene.random.between(5, 25));
      const submitted = submitSurely(client, { token: `${round}`, options: { max_attempts: 5 } });
      await scene.pause(scene.random.between(0, 12));
      abort.abort();
      scene.fault("claim aborted");
      const [task] = await Promise.all([claim, submitted]);
      const began = monotonic();
      if (task !== undefined) {
        const held = task;
        if (task.status === "claimed") await leaver.insist({ f: "start", held });
        await leaver.insist({ f: "complete", held });
        continue;
      }
      const beating = setInterval(() => void leaver.beat([]), 250);
      const found = await stayer.claim({ wait: 5, start: true });
      clearInterval(beating);
      const waited = monotonic() - began;
      scene.require(
        found !== undefined && waited < BAR_MS,
        "I7",
        `the task of a client that left waited ${Math.round(waited)} ms`,
      );
      if (found !== undefined) await stayer.insist({ f: "complete", held: found });
    }
    await settle(scene);
  },
};
