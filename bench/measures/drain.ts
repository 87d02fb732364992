import { setTimeout as delay } from "node:timers/promises";
import { now } from "../clock.ts";
import type { Process } from "../processes/process.ts";
import { BLOCK, type WorkerCalls } from "../processes/worker.ts";
import { openProducer, openWorker, type Role } from "./roles.ts";

/** The tasks to submit before the workers start. */
export interface Backlog {
  readonly count: number;
  /** Number of tasks per request. */
  readonly batch: number;
  readonly bytes?: number;
}

/** The rates at which tasks are submitted and processed, in tasks per second. */
export interface DrainRates {
  readonly submitted: number;
  readonly drained: number;
}

/**
 * Fraction of a backlog that is processed before the timing starts. At first, workers are slower,
 * because they connect and V8 compiles their code.
 */
const WARM_UP = 0.2;
const SUBMIT_SECONDS = 25;
const DRAIN_SECONDS = 15;
const POLL_MS = 25;
const MAX_STALL_MS = 5000;

/**
 * Submits a backlog, starts the workers and measures how fast they process the backlog. The timing
 * starts when a fifth of the tasks have started. It ends when all tasks are recorded as completed.
 * If not all tasks have started within `DRAIN_SECONDS`, the timing ends with the last recorded
 * start.
 */
export const drain = async (
  role: Role,
  backlog: Backlog,
  workers: readonly Role[] = [role],
): Promise<DrainRates> => {
  await using open = new AsyncDisposableStack();
  const producer = open.use(await openProducer(role));
  const opened: Process<WorkerCalls>[] = [];
  for (const worker of workers) opened.push(open.use(await openWorker(worker)));

  const submitted = await producer.call("bulk", { ...backlog, seconds: SUBMIT_SECONDS });
  const deadline = now() + DRAIN_SECONDS * 1000;
  await Promise.all(opened.map((worker) => worker.call("start")));
  let started = 0;
  let progressAt = now();
  while (started < submitted.count && now() < deadline) {
    await delay(POLL_MS);
    const before = started;
    started = await countStarted(opened);
    if (started > before) progressAt = now();
    // Throws if no further task starts, because the subject has then lost tasks. A rate would hide
    // the loss.
    if (started > 0 && now() - progressAt > MAX_STALL_MS) {
      throw new Error(
        `the drain made no progress for ${MAX_STALL_MS} ms: ${started} of ${submitted.count} tasks had started`,
      );
    }
  }
  const allStarted = started >= submitted.count;
  while (allStarted && (await producer.call("remaining")) > 0) {
    if (now() > deadline + 5000) throw new Error("tasks that had started were not recorded as completed");
    await delay(5);
  }
  const recorded = allStarted ? now() : undefined;
  const blocks = (await Promise.all(opened.map((worker) => worker.call("blocks")))).flat();
  return { submitted: submitted.perSecond, drained: computeRate(blocks, submitted.count, recorded) };
};

const countStarted = async (workers: readonly Process<WorkerCalls>[]): Promise<number> => {
  const started = await Promise.all(workers.map((worker) => worker.call("started")));
  return started.reduce((sum, count) => sum + count, 0);
};

/**
 * Returns the rate in tasks per second. `unsorted` contains the start time of every `BLOCK`-th
 * task. `recorded` is the time at which all tasks were recorded as completed, or undefined if not
 * all of them were.
 */
const computeRate = (unsorted: readonly number[], count: number, recorded: number | undefined): number => {
  const blocks = [...unsorted].sort((a, b) => a - b);
  const all = recorded === undefined ? blocks.length * BLOCK : count;
  const warm = Math.max(1, Math.floor((all * WARM_UP) / BLOCK));
  const from = blocks[warm - 1];
  const to = recorded ?? blocks.at(-1);
  if (from === undefined || to === undefined || to <= from) {
    throw new Error(`only ${blocks.length * BLOCK} tasks started, which is too few for a rate`);
  }
  return ((all - warm * BLOCK) * 1000) / (to - from);
};
