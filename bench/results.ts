import type { Samples } from "./measures/measure.ts";
import type { Goal, Row } from "./rows.ts";
import { median } from "./statistics.ts";

/**
 * The result of a row. `value` is null if no round has the samples that are needed to compute it.
 */
export type Result = Goal & {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  /** True if the required value is reached. */
  readonly ok: boolean;
  /** True if the target is reached. */
  readonly met: boolean;
};

const isDefined = (value: number | undefined): value is number => value !== undefined;

/**
 * Returns the lowest of a round's samples with these names. Returns undefined if a sample is
 * missing, because the missing sample could be the lowest.
 */
const findLowest = (names: readonly string[], samples: Samples): number | undefined => {
  const values = names.map((name) => samples[name]).filter(isDefined);
  return values.length < names.length ? undefined : Math.min(...values);
};

/**
 * Returns the lowest of the samples for each round. Omits rounds in which one of the samples is
 * missing.
 */
export const computeLowest = (names: readonly string[], rounds: readonly Samples[]): number[] =>
  rounds.map((samples) => findLowest(names, samples)).filter(isDefined);

/**
 * Computes a row's value for each round. The sample and its baselines are always from the same
 * round.
 */
export const computeValues = (
  { sample, baselines }: Pick<Row, "sample" | "baselines">,
  rounds: readonly Samples[],
): number[] =>
  rounds
    .map((samples) => {
      const above = samples[sample];
      const below = baselines.length === 0 ? 1 : findLowest(baselines, samples);
      return above === undefined || below === undefined ? undefined : above / below;
    })
    .filter(isDefined);

const isReached = (value: number, goal: Goal, number: number) =>
  "atLeast" in goal ? value >= number : value <= number;

/** Computes the median over all rounds, and compares the median with the row's goal. */
export const computeResult = (row: Row, rounds: readonly Samples[]): Result => {
  const { name, unit, goal } = row;
  const values = computeValues(row, rounds);
  if (values.length === 0) return { name, value: null, unit, ...goal, ok: false, met: false };
  const value = median(values);
  const required = "atLeast" in goal ? goal.atLeast : goal.atMost;
  return {
    name,
    value: Math.round(value * 1000) / 1000,
    unit,
    ...goal,
    ok: isReached(value, goal, required),
    met: isReached(value, goal, goal.want),
  };
};
