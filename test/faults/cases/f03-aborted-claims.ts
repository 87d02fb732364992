import { submitWithRetry } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const ROUNDS = 25;
/** The sum of the claim grace period, a heartbeat interval, and a margin for a busy machine. */
const MAX_DELAY_MS = 3000;

/**
 * A client disconnects at the moment when the server assigns a task to the client's waiting claim.
 */
export const abortedClaims: FaultCase = {
  name: "F3 clients disconnect while the server responds to their claims",
  invariants: ["I3", "I7"],
  async run(context) {
    const client = context.client();
    const leaver = await context.manualWorker("leaver", { server: 0 });
    const stayer = await context.manualWorker("stayer", { server: 1 });
    for (let round = 0; round < ROUNDS; round += 1) {
      const abort = new AbortController();
      const claim = leaver.claim({ wait: 5, start: context.random.chance(0.3), signal: abort.signal });
      await context.pause(context.random.between(5, 25));
      const submitted = submitWithRetry(client, { token: `${round}`, options: { max_attempts: 5 } });
      await context.pause(context.random.between(0, 12));
      abort.abort();
      context.fault("claim aborted");
      const [task] = await Promise.all([claim, submitted]);
      const began = monotonic();
      if (task !== undefined) {
        const lease = task;
        if (task.status === "claimed") await leaver.updateWithRetry({ operation: "start", lease });
        await leaver.updateWithRetry({ operation: "complete", lease });
        continue;
      }
      const heartbeats = setInterval(() => void leaver.heartbeat([]), 250);
      const found = await stayer.claim({ wait: 5, start: true });
      clearInterval(heartbeats);
      const waited = monotonic() - began;
      context.require(
        found !== undefined && waited < MAX_DELAY_MS,
        "I7",
        `the task of a client that disconnected waited ${Math.round(waited)} ms`,
      );
      if (found !== undefined) await stayer.updateWithRetry({ operation: "complete", lease: found });
    }
    await waitForAllTasks(context);
  },
};
