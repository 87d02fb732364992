import { drains } from "./drains.ts";
import { embedded } from "./embedded.ts";
import { growth } from "./growth.ts";
import { idle } from "./idle.ts";
import { latencies } from "./latencies.ts";
import type { Measure } from "./measure.ts";
import { payloads } from "./payloads.ts";
import { servers } from "./servers.ts";
import { singles } from "./singles.ts";
import { thirdDrain } from "./third-drain.ts";

/** Everything that is measured, in the order of a round; what is compared stands together. */
export const measures: readonly Measure[] = [
  ...drains,
  ...singles,
  ...latencies,
  growth,
  thirdDrain,
  ...idle,
  servers,
  ...embedded,
  ...payloads,
];
