import type { Measure } from "./measure.ts";

/** Returns the name of the same sample with the simple queue. */
export const toSimpleName = (sample: string): string => `${sample}, simple queue`;

/**
 * Returns the same measurement with the simple queue, which uses neither batches nor direct
 * assignment.
 */
export const withSimpleQueue = ({ units, timeoutSeconds, run }: Measure): Measure => ({
  units: renameSamples(units),
  timeoutSeconds: timeoutSeconds * 4,
  run: async (bench) => renameSamples(await run({ ...bench, queue: "simple" })),
});

const renameSamples = <Value>(samples: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(samples).map(([sample, value]) => [toSimpleName(sample), value]));
