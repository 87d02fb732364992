import type { Registry } from "prom-client";
import type { Meter } from "../ports.ts";
import { createCounters } from "./counters.ts";
import { createGauges } from "./gauges.ts";
import { JobLabels } from "./job-labels.ts";

/** Creates a meter whose metrics are exported by a registry of prom-client. */
export const createPrometheusMeter = (registry: Registry): Meter => {
  const labels = new JobLabels();
  return {
    ...createCounters(registry, labels),
    watch: (sources) => createGauges(registry, sources, labels),
  };
};
