import { eventually } from "../../support/eventually.ts";
import { awaitEnd, submitMany, submitWithRetry } from "../clients/submitter.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { repeatAtRandomTimes, runUnderLoad } from "../run/load.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const BLACK_HOLE = { toClient: { blackHole: true }, toServer: { blackHole: true } };

export interface AwaitOptions {
  readonly forMs: number;
  /**
   * Maximum time between the end of a task and the response to the client that waits for the task.
   */
  readonly maxDelayMs: number;
  /**
   * Returns the condition under which a delay is measured, for example "Redis down". The results
   * list the delays by condition.
   */
  readonly condition?: () => string;
}

/**
 * Completes tasks at one server while clients wait at the other server for the end of these tasks.
 */
export const awaitAndComplete = async (
  context: CaseContext,
  { forMs, maxDelayMs, condition }: AwaitOptions,
): Promise<void> => {
  const manualWorker = await context.manualWorker("worker", { server: 1 });
  const waiter = context.client("waiter", { server: 0, timeoutSeconds: 15 });
  const client = context.client("submitter", { server: 1 });
  const waiting: Promise<unknown>[] = [];
  await repeatAtRandomTimes(context, { forMs, everyMs: 120 }, async (index) => {
    await submitWithRetry(client, { token: `await-${index}` });
    const lease = await manualWorker.claim({ start: true });
    if (lease === undefined) return;
    waiting.push(awaitEnd(waiter, lease.id, { wait: 15, maxDelayMs, condition: condition?.() }));
    await context.pause(context.random.between(0, 60));
    await manualWorker.updateWithRetry({ operation: "complete", lease });
  });
  await Promise.all(waiting);
};

/**
 * The connections between a worker and its server drop all data without a reset. The worker must be
 * declared dead, and its updates must be rejected when it reconnects.
 */
export const silentWorkerConnection: FaultCase = {
  name: "F14 a worker's connections drop all data",
  invariants: ["I4", "I7"],
  async run(context) {
    const silent = await context.workerProcess("silent", { concurrency: 1 });
    const options = { max_attempts: 3 };
    await submitMany(context.client(), { prefix: "t", count: 3, job: "Work", payload: { ms: 500 }, options });
    await silent.process.waitForLine(/completed/);
    await context.pause(100);
    silent.proxy.setFaults(BLACK_HOLE);
    context.fault("all data dropped");
    context.nemesis.note({
      note: "gone",
      kind: "worker disconnected",
      worker: silent.id,
      within: context.maxSweepDelayMs,
    });
    await context.workerProcess("healthy", { server: 1 });
    await waitForAllTasks(context);
    silent.proxy.cut();
    silent.proxy.heal();
    await context.pause(500);
  },
};

/**
 * One server's connections to Redis drop all data. This server misses the events of the other
 * server, but must still notify its clients in time.
 */
export const silentRedisConnection: FaultCase = {
  name: "F14 a server's connections to Redis drop all data",
  invariants: ["I8"],
  async run(context) {
    context.expectations = { no5xx: true };
    const { redisProxy } = context.node(0);
    redisProxy.setFaults(BLACK_HOLE);
    context.fault("all data dropped");
    // The server checks Redis every 2 s, with a timeout of 2 s. After it detects the failure, long
    // polls query the database every second.
    await awaitAndComplete(context, { forMs: 6000, maxDelayMs: 6500 });
    redisProxy.cut();
    redisProxy.heal();
    await eventually(() => redisProxy.size > 0);
    await awaitAndComplete(context, { forMs: 1000, maxDelayMs: 6500 });
    await waitForAllTasks(context);
  },
};

/** One server's connections to the database drop all data. The other server works normally. */
export const silentPostgresConnection: FaultCase = {
  name: "F14 a server's connections to PostgreSQL drop all data",
  invariants: ["I1", "I13"],
  seconds: 90,
  async run(context) {
    await runUnderLoad(context, {}, async () => {
      const { postgresProxy } = context.node(0);
      await context.pause(500);
      postgresProxy.setFaults(BLACK_HOLE);
      context.fault("all data dropped");
      await context.pause(4000);
      postgresProxy.cut();
      postgresProxy.heal();
      await submitWithRetry(context.client("after", { server: 0 }), { token: "after" });
    });
  },
};
