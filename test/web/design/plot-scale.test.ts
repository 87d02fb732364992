import { expect, test } from "vitest";
import { getBarPath, getDotPath, getLinePath, roundUp } from "../../../web/design/plot-scale.ts";

const scale = { x: (index: number) => index * 10, y: (value: number) => 100 - value };

test.each([
  [0, 1],
  [0.003, 0.005],
  [1, 1],
  [7, 10],
  [10, 10],
  [11, 20],
  [430, 500],
])("the axis of a plot with values up to %d ends at %d", (value, top) => {
  expect(roundUp(value)).toBeCloseTo(top, 10);
});

test("the line of a plot has a gap for each missing value, and a point between two gaps is a dot", () => {
  const values = [1, 2, null, 3, null];

  expect(getLinePath(values, scale)).toBe("M0.0 99.0L10.0 98.0M30.0 97.0");
  expect(getDotPath(values, scale)).toBe("M30.0 97.0h.01");
});

test("the bars of a plot are stacked on the bars below them", () => {
  const path = getBarPath([2, 0, null], [[3, 3, 3]], { step: 10, y: scale.y });

  expect(path).toBe("M1.5 97V95h7V97Z");
});
