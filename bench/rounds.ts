import { within } from "./clock.ts";
import type { Bench, Measure, Samples } from "./measures/measure.ts";
import { Process } from "./processes/process.ts";

/** Told of what happens, for whoever watches. */
export type Watch = (line: string) => void;

/** How many rounds, and after how long no further measurement begins. */
export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly watch: Watch;
}

/**
 * Runs every measurement once in each round, so that what is compared meets the same weather; the order turns round
 * with every other round. A measurement that fails is missing from its round, and the others go on.
 */
export const runRounds = async (
  bench: Bench,
  measures: readonly Measure[],
  { rounds, seconds, watch }: RoundOptions,
): Promise<readonly Samples[]> => {
  const end = performance.now() + seconds * 1000;
  const results: Samples[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? measures : measures.toReversed();
    let samples: Samples = {};
    for (const measure of order) {
      if (performance.now() > end) {
        watch(`the time is up: ${Object.keys(measure.gives).join(", ")} left out of round ${round + 1}`);
        continue;
      }
      samples = { ...samples, ...(await runOne(bench, measure, watch)) };
    }
    results.push(samples);
  }
  return results;
};

/** How long a measurement that took too long may take to put its things away. */
const CLEAN_UP_SECONDS = 60;

const runOne = async (bench: Bench, measure: Measure, watch: Watch): Promise<Samples> => {
  const names = Object.keys(measure.gives).join(", ");
  const began = performance.now();
  const running = measure.run(bench);
  try {
    const samples = await within(measure.withinSeconds, names, running);
    const took = ((performance.now() - began) / 1000).toFixed(1);
    for (const [name, unit] of Object.entries(measure.gives)) {
      const value = samples[name] ?? Number.NaN;
      watch(
        `${name.padEnd(44)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(7)}  (${took} s)`,
      );
    }
    return samples;
  } catch (error) {
    watch(`${names}: ${error instanceof Error ? error.message : String(error)}`);
    // One that is late still stands in the way of the next: without its processes it comes to its end.
    await Process.endAll();
    await within(CLEAN_UP_SECONDS, "putting it away", running).catch(() => {});
    return {};
  }
};
