import type { Registry } from "prom-client";
import type { Meter } from "../meter.ts";
import { createCounters } from "./counters.ts";
import { createGauges } from "./gauges.ts";
import { JobLabels } from "./job-labels.ts";

/** A meter whose counts are shown by a registry of prom-client. */
export const createPrometheusMeter = (registry: Registry): Meter => {
  const labels = new JobLabels();
  return { ...createCounters(registry, labels), watch: (watched) => createGauges(registry, watched, labels) };
};
