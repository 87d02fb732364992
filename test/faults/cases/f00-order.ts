import { submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const SUBMITTERS = 3;
const TASKS_PER_SUBMITTER = 50;
const MAX_CLAIM_LIMIT = 4;

/**
 * Clients submit tasks through both servers. Then a worker of each server claims several tasks at a
 * time. If a task was submitted after another task of the same priority was acknowledged, it must
 * also be claimed later.
 */
export const firstInFirstOut: FaultCase = {
  name: "F0 tasks are claimed in the order of their submits",
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
      for (let count = 0; count < TASKS_PER_SUBMITTER; count += 1) {
        const options = { priority: random.integer(0, 1) };
        await submitWithRetry(client, { token: `${index}-${count}`, options });
        await context.pause(random.between(0, 40));
      }
    });
    await Promise.all(submitting);
    const working = manualWorkers.map(async (manualWorker, index) => {
      const random = context.random.fork(`worker ${index}`);
      for (;;) {
        const claimed = await manualWorker.claimMany(random.integer(1, MAX_CLAIM_LIMIT), true);
        if (claimed.length === 0) return;
        await Promise.all(
          claimed.map((lease) => manualWorker.updateWithRetry({ operation: "complete", lease })),
        );
        // The checker ignores the order of claims that are less than 250 ms apart, so the claims
        // are spread out.
        await context.pause(random.between(50, 200));
      }
    });
    await Promise.all(working);
    await waitForAllTasks(context);
  },
};
