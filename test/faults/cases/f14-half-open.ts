import { eventually } from "../../support/eventually.ts";
import { awaitEnd, submitMany, submitWithRetry } from "../clients/submitter.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { repeatAtRandomTimes, runUnderLoad } from "../run/load.ts";
import { settle } from "../run/settle.ts";

const BLACK_HOLE = { toClient: { blackHole: true }, toServer: { blackHole: true } };

export interface AwaitOptions {
  readonly forMs: number;
  /**
   * Maximum time between the end of a task and the response to the client that waits for the task.
   */
  readonly maxDelayMs: number;
  /** Returns the name under which the delays are currently reported, for example "Redis away". */
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
    await manualWorker.updateWithRetry({ f: "complete", lease });
  });
  await Promise.all(waiting);
};

/**
 * The link between a worker and its server drops all data without a connection reset. The worker
 * must be declared dead, and its updates must be rejected when it reconnects.
 */
export const silentWorkerLink: FaultCase = {
  name: "F14 half-open link of a worker",
  invariants: ["I4", "I7"],
  async run(context) {
    const silent = await context.workerProcess("silent", { concurrency: 1 });
    const options = { max_attempts: 3 };
    await submitMany(context.client(), { prefix: "t", count: 3, job: "Work", payload: { ms: 500 }, options });
    await silent.process.waitForLine(/completed/);
    await context.pause(100);
    silent.link.program(BLACK_HOLE);
    context.fault("black hole");
    context.nemesis.note({
      note: "gone",
      kind: "worker cut off",
      worker: silent.id,
      within: context.maxSweepDelayMs,
    });
    await context.workerProcess("healthy", { server: 1 });
    await settle(context);
    silent.link.cut();
    silent.link.heal();
    await context.pause(500);
  },
};

/**
 * One server's link to Redis drops all data. This server misses the events of the other server, but
 * must still notify its clients in time.
 */
export const silentRedisLink: FaultCase = {
  name: "F14 half-open link to Redis",
  invariants: ["I8"],
  async run(context) {
    context.expectations = { no5xx: true };
    const { redis } = context.node(0);
    redis.program(BLACK_HOLE);
    context.fault("black hole");
    // The server checks Redis every 2 s, with a timeout of 2 s. After it detects the failure, long
    // polls query the database every second.
    await awaitAndComplete(context, { forMs: 6000, maxDelayMs: 6500 });
    redis.cut();
    redis.heal();
    await eventually(() => redis.size > 0);
    await awaitAndComplete(context, { forMs: 1000, maxDelayMs: 6500 });
    await settle(context);
  },
};

/** One server's link to the database drops all data while the other server works normally. */
export const silentPostgresLink: FaultCase = {
  name: "F14 half-open link to PostgreSQL",
  invariants: ["I1", "I13"],
  seconds: 90,
  async run(context) {
    await runUnderLoad(context, {}, async () => {
      const { postgres } = context.node(0);
      await context.pause(500);
      postgres.program(BLACK_HOLE);
      context.fault("black hole");
      await context.pause(4000);
      postgres.cut();
      postgres.heal();
      await submitWithRetry(context.client("after", { server: 0 }), { token: "after" });
    });
  },
};
