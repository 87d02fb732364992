import { awaitEnd, submitWithRetry } from "../clients/submitter.ts";
import { sleep } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const TASKS = 150;
/**
 * Shorter than the interval at which the server polls the database as a fallback. A client that is
 * notified within this time was therefore woken by an event.
 */
const MAX_DELAY_MS = 1500;

/**
 * No fault is injected. Clients wait at one server for tasks that end at the other server, shortly
 * before or after the wait starts. An event must notify each client.
 */
export const undisturbedWaits: FaultCase = {
  name: "F0 events notify waiting clients while no fault is injected",
  invariants: ["I8"],
  async run(context) {
    context.expectations = { no5xx: true };
    const manualWorker = await context.manualWorker("worker", { server: 1 });
    const client = context.client("submitter", { server: 1 });
    const waiting: Promise<unknown>[] = [];
    for (let index = 0; index < TASKS; index += 1) {
      const { id } = await submitWithRetry(client, { token: `${index}` });
      const lease = await manualWorker.claim({ start: true });
      if (lease === undefined) throw new Error(`task ${id} could not be claimed`);
      const waiter = context.client("waiter", { server: 0, timeoutSeconds: 15 });
      waiting.push(awaitEnd(waiter, id, { wait: 10, maxDelayMs: MAX_DELAY_MS, condition: "no fault" }));
      await sleep(context.random.between(0, 12));
      await manualWorker.updateWithRetry({ operation: "complete", lease });
    }
    await Promise.all(waiting);
    await waitForAllTasks(context);
  },
};
