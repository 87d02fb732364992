import { setTimeout as delay } from "node:timers/promises";
import { now } from "../clock.ts";
import type { Process } from "../processes/process.ts";
import type { ProducerCalls } from "../processes/producer.ts";
import type { WaiterCalls } from "../processes/waiters.ts";
import type { WorkerCalls } from "../processes/worker.ts";

type Taker = Process<WorkerCalls> | Process<WaiterCalls>;

/** What a whole series may take. */
const LONGEST_SECONDS = 60;

const takenBy = (taker: Taker): Promise<number[]> => {
  const ask: (name: "takePickups") => Promise<number[]> = taker.ask.bind(taker);
  return ask("takePickups");
};

/** One task now and then, never before the last has begun, so that somebody waits for each; the milliseconds of each. */
export const spacedPickups = async (
  producer: Process<ProducerCalls>,
  taker: Taker,
  { count, gapMs }: { count: number; gapMs: number },
): Promise<number[]> => {
  const deadline = now() + LONGEST_SECONDS * 1000;
  const pickups: number[] = [];
  for (let i = 0; i < count; i += 1) {
    await Promise.all([producer.ask("one", i), delay(gapMs)]);
    while (pickups.length <= i) {
      if (now() > deadline) throw new Error(`only ${pickups.length} of ${count} tasks were picked up`);
      pickups.push(...(await takenBy(taker)));
      if (pickups.length <= i) await delay(gapMs / 2);
    }
  }
  return pickups;
};
