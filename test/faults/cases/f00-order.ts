import { submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const SUBMITTERS = 3;
const EACH = 50;
const AT_ONCE = 4;

/**
 * Clients submit tasks through both servers; then a worker of each server claims several tasks at a
 * time. Among the tasks of one priority, a task whose submit was acknowledged earlier must be
 * claimed earlier.
 */
export const firstInFirstOut: FaultCase = {
  name: "F0 first in, first out",
  invariants: ["I12"],
  async run(context) {
    context.expectations = { ordered: true, no5xx: true };
    const manualWorkers = [
      await context.manualWorker("worker", { server: 0 }),
      await context.manualWorker("worker", { server: 1 }),
    ];
    const submitting = Array.from({ length: SUBMITTERS }, async (_, index) => {
      const client = context.client("submitter", { server: index % 2 });
      const random = context.random.fork(`submitter ${index}`);
      for (let count = 0; count < EACH; count += 1) {
        const options = { priority: random.integer(0, 1) };
        await submitWithRetry(client, { token: `${index}-${count}`, options });
        await context.pause(random.between(0, 40));
      }
    });
    await Promise.all(submitting);
    const working = manualWorkers.map(async (manualWorker, index) => {
      const random = context.random.fork(`worker ${index}`);
      for (;;) {
        const claimed = await manualWorker.claimMany(random.integer(1, AT_ONCE), true);
        if (claimed.length === 0) return;
        await Promise.all(claimed.map((lease) => manualWorker.updateWithRetry({ f: "complete", lease })));
        // The checker ignores the order of claims that are less than 250 ms apart, so the claims
        // are spread out.
        await context.pause(random.between(50, 200));
      }
    });
    await Promise.all(working);
    await settle(context);
  },
};
