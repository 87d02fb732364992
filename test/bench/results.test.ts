import { expect, test } from "vitest";
import { measures, queueMeasures } from "../../bench/measures/measures.ts";
import { computeResult, computeValues } from "../../bench/results.ts";
import { queueRows, type Row, rows } from "../../bench/rows.ts";

const row: Row = {
  name: "latency",
  description: "latency / the lowest of two libraries",
  sample: "own",
  baselines: ["slow", "fast"],
  unit: "ratio",
  goal: { atMost: 1.2, want: 0.8 },
};

test("the sample of a benchmark row is divided by the lowest of the row's baselines in each round", () => {
  const rounds = [
    { own: 2, slow: 8, fast: 4 },
    { own: 3, slow: 1, fast: 2 },
  ];
  expect(computeValues(row, rounds)).toEqual([0.5, 3]);
  expect(computeResult(row, rounds)).toMatchObject({ value: 1.75, ok: false, met: false });
});

test("a benchmark row ignores a round in which one of the row's baselines is missing", () => {
  const rounds = [
    { own: 2, slow: 8 },
    { own: 2, slow: 8, fast: 2 },
  ];
  expect(computeValues(row, rounds)).toEqual([1]);
});

test("the value of a benchmark row without baselines is its sample", () => {
  expect(computeValues({ ...row, baselines: [] }, [{ own: 7 }])).toEqual([7]);
});

test("every benchmark row has a unique name", () => {
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});

test("every sample and every baseline of a benchmark row is measured", () => {
  for (const [all, run] of [
    [rows, measures],
    [queueRows, queueMeasures],
  ] as const) {
    const measured = new Set(run.flatMap(({ units }) => Object.keys(units)));
    const needed = all.flatMap(({ sample, baselines }) => [sample, ...baselines]);
    expect(needed.filter((sample) => !measured.has(sample))).toEqual([]);
  }
});
