import { setTimeout as delay } from "node:timers/promises";
import { now } from "../clock.ts";
import type { Process } from "../processes/process.ts";
import type { ProducerCalls } from "../processes/producer.ts";
import type { WaiterCalls } from "../processes/waiters.ts";
import type { WorkerCalls } from "../processes/worker.ts";

type PickupSource = Process<WorkerCalls> | Process<WaiterCalls>;

/** Time limit of a series of pickups. */
const MAX_SECONDS = 60;

const collectPickups = (source: PickupSource): Promise<number[]> => {
  const call: (name: "collectPickups") => Promise<number[]> = source.call.bind(source);
  return call("collectPickups");
};

/**
 * Submits tasks one by one. Each task is submitted after the previous task has started, so a worker
 * is always waiting. Returns the pickup times in milliseconds.
 */
export const measurePickups = async (
  producer: Process<ProducerCalls>,
  source: PickupSource,
  { count, gapMs }: { count: number; gapMs: number },
): Promise<number[]> => {
  const deadline = now() + MAX_SECONDS * 1000;
  const pickups: number[] = [];
  for (let i = 0; i < count; i += 1) {
    await Promise.all([producer.call("one", i), delay(gapMs)]);
    while (pickups.length <= i) {
      if (now() > deadline) throw new Error(`only ${pickups.length} of ${count} tasks were picked up`);
      pickups.push(...(await collectPickups(source)));
      if (pickups.length <= i) await delay(gapMs / 2);
    }
  }
  return pickups;
};
