import { awaitEnd, submitMany } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const WAITERS = 120;
const TASKS = 6;
const MAX_DELAY_MS = 2500;

/**
 * One of two servers is killed while it has many waiting requests. The clients retry at the other
 * server, which must notify them in time.
 */
export const brokenLongPolls: FaultCase = {
  name: "F4 a server is killed while many requests wait",
  invariants: ["I8", "I13"],
  async run(context) {
    const manualWorker = await context.manualWorker("worker", { server: 1 });
    const tasks = await submitMany(context.client(), { prefix: "t", count: TASKS });
    const { server } = context.node(0);
    const clients = Array.from({ length: WAITERS }, () => context.client("waiter"));
    const waiting = clients.map(async (client, index) => {
      const id = tasks[index % TASKS]?.id ?? "";
      for (;;) {
        // The first requests fail when their server is killed. The deadline applies to the retries
        // at the other server.
        const outcome = await awaitEnd(client, id, {
          wait: 20,
          ...(index % 2 === 1 && { maxDelayMs: MAX_DELAY_MS }),
        });
        if (outcome.outcome === "ok" && outcome.body?.status === "completed") return;
        await context.pause(context.random.between(0, 200));
      }
    });
    await context.pause(300);
    await server.stop("SIGKILL");
    context.fault("server killed");
    const started = server.start();
    for (let index = 0; index < TASKS; index += 1) {
      const lease = await manualWorker.claim({ start: true });
      if (lease !== undefined) await manualWorker.updateWithRetry({ operation: "complete", lease });
    }
    await Promise.all([started, ...waiting]);
    await waitForAllTasks(context);
  },
};
