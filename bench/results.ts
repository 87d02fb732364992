import type { Samples } from "./measures/measure.ts";
import type { Goal, Row } from "./rows.ts";
import { median } from "./statistics.ts";

/** A row with what it came to; without a number where no round has both of its samples. */
export type Result = Goal & {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  /** At least reached. */
  readonly ok: boolean;
  /** What we want reached. */
  readonly met: boolean;
};

const present = (value: number | undefined): value is number => value !== undefined;

/** Every round's own value of a row: a ratio is one of numbers that stood beside each other. */
export const valuesOf = ({ of, per }: Pick<Row, "of" | "per">, rounds: readonly Samples[]): number[] =>
  rounds
    .map((samples) => {
      const above = samples[of];
      const below = per === undefined ? 1 : samples[per];
      return above === undefined || below === undefined ? undefined : above / below;
    })
    .filter(present);

const reaches = (value: number, goal: Goal, number: number) =>
  "atLeast" in goal ? value >= number : value <= number;

/** The median of the rounds, held against what the row is to reach. */
export const resultOf = (row: Row, rounds: readonly Samples[]): Result => {
  const { name, unit, goal } = row;
  const values = valuesOf(row, rounds);
  if (values.length === 0) return { name, value: null, unit, ...goal, ok: false, met: false };
  const value = median(values);
  const least = "atLeast" in goal ? goal.atLeast : goal.atMost;
  return {
    name,
    value: Math.round(value * 1000) / 1000,
    unit,
    ...goal,
    ok: reaches(value, goal, least),
    met: reaches(value, goal, goal.want),
  };
};
