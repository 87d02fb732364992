import { withTimeout } from "./clock.ts";
import type { Bench, Measure, Samples } from "./measures/measure.ts";
import { Process } from "./processes/process.ts";

/** A function that prints a line of progress. */
export type Log = (line: string) => void;

export interface RoundOptions {
  readonly rounds: number;
  /** Time limit of the run in seconds, after which no further measurement starts. */
  readonly seconds: number;
  readonly log: Log;
}

/**
 * Runs every measurement once in each round, so that the samples of a ratio are measured under the
 * same conditions. Every second round has the reverse order. Measurements with `isOnce` run only in
 * the first round. If a measurement fails, its samples are missing in that round, and the other
 * measurements continue.
 */
export const runRounds = async (
  bench: Bench,
  measures: readonly Measure[],
  { rounds, seconds, log }: RoundOptions,
): Promise<readonly Samples[]> => {
  const end = performance.now() + seconds * 1000;
  const results: Samples[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? measures : measures.toReversed();
    let samples: Samples = {};
    for (const measure of order) {
      if (measure.isOnce && round > 0) continue;
      if (performance.now() > end) {
        log(`skipped in round ${round + 1} because the time is up: ${Object.keys(measure.units).join(", ")}`);
        continue;
      }
      samples = { ...samples, ...(await runOne(bench, measure, log)) };
    }
    results.push(samples);
  }
  return results;
};

/** Time limit for the cleanup after a measurement that exceeded its time limit, in seconds. */
const CLEAN_UP_SECONDS = 60;

const runOne = async (bench: Bench, measure: Measure, log: Log): Promise<Samples> => {
  const names = Object.keys(measure.units).join(", ");
  const began = performance.now();
  const running = measure.run(bench);
  try {
    const samples = await withTimeout(measure.timeoutSeconds, names, running);
    const took = ((performance.now() - began) / 1000).toFixed(1);
    for (const [name, unit] of Object.entries(measure.units)) {
      if (samples[name] === undefined && !bench.samples.has(name)) continue;
      const value = samples[name] ?? Number.NaN;
      log(
        `${name.padEnd(44)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(7)}  (${took} s)`,
      );
    }
    return samples;
  } catch (error) {
    log(`${names}: ${error instanceof Error ? error.message : String(error)}`);
    // A measurement that exceeded its time limit would disturb the next measurement. Ending its
    // processes ends the measurement.
    await Process.endAll();
    await withTimeout(CLEAN_UP_SECONDS, "the cleanup", running).catch(() => {});
    return {};
  }
};
