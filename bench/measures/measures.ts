import { queueRows } from "../rows.ts";
import { dashboard } from "./dashboard.ts";
import { drains } from "./drains.ts";
import { embedded } from "./embedded.ts";
import { growth } from "./growth.ts";
import { idle } from "./idle.ts";
import { latencies } from "./latencies.ts";
import type { Measure } from "./measure.ts";
import { outputs } from "./outputs.ts";
import { payloads } from "./payloads.ts";
import { servers } from "./servers.ts";
import { withSimpleQueue } from "./simple-queue.ts";
import { singles } from "./singles.ts";
import { startup } from "./startup.ts";
import { thirdDrain } from "./third-drain.ts";

/**
 * All measurements, in the order of a round. Measurements that are compared with each other are
 * adjacent.
 */
export const measures: readonly Measure[] = [
  ...drains,
  ...singles,
  ...latencies,
  ...outputs,
  growth,
  thirdDrain,
  ...idle,
  servers,
  ...embedded,
  ...payloads,
  ...startup,
  dashboard,
];

const queueSamples = new Set(queueRows.map(({ sample }) => sample));

/** The measurements whose samples `queueRows` needs, each with both queues. */
export const queueMeasures: readonly Measure[] = measures
  .filter(({ units }) => Object.keys(units).some((sample) => queueSamples.has(sample)))
  .flatMap((measure) => [measure, withSimpleQueue(measure)]);
