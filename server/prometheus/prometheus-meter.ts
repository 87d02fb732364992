import type { Registry } from "prom-client";
import type { Meter } from "../meter.ts";
import { counters } from "./counters.ts";
import { gauges } from "./gauges.ts";
import { JobLabels } from "./job-labels.ts";

/** A meter whose counts are shown by a registry of prom-client. */
export const prometheusMeter = (registry: Registry): Meter => {
  const labels = new JobLabels();
  return { ...counters(registry, labels), watch: (watched) => gauges(registry, watched, labels) };
};
