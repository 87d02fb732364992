import { setTimeout as delay } from "node:timers/promises";
import { now } from "../clock.ts";
import type { Process } from "../processes/process.ts";
import { BLOCK, type WorkerCalls } from "../processes/worker.ts";
import { openProducer, openWorker, type Role } from "./roles.ts";

/** How many tasks wait, and how they got there. */
export interface Backlog {
  readonly count: number;
  /** Tasks in one request of the hand-in. */
  readonly batch: number;
  readonly bytes?: number;
}

/** Tasks a second, on the way in and on the way out. */
export interface DrainRates {
  readonly submitted: number;
  readonly drained: number;
}

/** This much of a backlog is for warming up: connections, first fetches, compiled code. */
const WARM_UP = 0.2;
const HAND_IN_SECONDS = 25;
const DRAIN_SECONDS = 15;
const LOOK_MS = 25;
const STILL_MS = 5000;

/**
 * Fills a backlog, then lets the workers empty it. The rate is a steady one for everybody: from when a fifth has
 * begun until all are recorded as done; where the time is up before, until the last that was seen to begin.
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

  const handedIn = await producer.ask("bulk", { ...backlog, seconds: HAND_IN_SECONDS });
  const deadline = now() + DRAIN_SECONDS * 1000;
  await Promise.all(opened.map((worker) => worker.ask("start")));
  let begun = 0;
  let movedAt = now();
  while (begun < handedIn.count && now() < deadline) {
    await delay(LOOK_MS);
    const before = begun;
    begun = await begunBy(opened);
    if (begun > before) movedAt = now();
    // However slow a subject is: one that stands still has lost something, which a rate would hide.
    if (begun > 0 && now() - movedAt > STILL_MS) {
      throw new Error(`the drain stood still: ${begun} of ${handedIn.count} had begun`);
    }
  }
  const allBegan = begun >= handedIn.count;
  while (allBegan && (await producer.ask("remaining")) > 0) {
    if (now() > deadline + 5000) throw new Error("tasks that began were not recorded as done");
    await delay(5);
  }
  const recorded = allBegan ? now() : undefined;
  const blocks = (await Promise.all(opened.map((worker) => worker.ask("blocks")))).flat();
  return { submitted: handedIn.perSecond, drained: steadyRate(blocks, handedIn.count, recorded) };
};

const begunBy = async (workers: readonly Process<WorkerCalls>[]): Promise<number> => {
  const begun = await Promise.all(workers.map((worker) => worker.ask("begun")));
  return begun.reduce((sum, count) => sum + count, 0);
};

/** `recorded`: when the last task was done, where all are. */
const steadyRate = (unsorted: readonly number[], count: number, recorded: number | undefined): number => {
  const blocks = [...unsorted].sort((a, b) => a - b);
  const all = recorded === undefined ? blocks.length * BLOCK : count;
  const warm = Math.max(1, Math.floor((all * WARM_UP) / BLOCK));
  const from = blocks[warm - 1];
  const to = recorded ?? blocks.at(-1);
  if (from === undefined || to === undefined || to <= from) {
    throw new Error(`only ${blocks.length * BLOCK} tasks began: too few for a rate`);
  }
  return ((all - warm * BLOCK) * 1000) / (to - from);
};
