import { expect, test } from "vitest";
import { formatAge, formatDuration } from "../../../web/design/duration.ts";

test.each([
  [0, "0 ms"],
  [-1, "0 ms"],
  [0.0214, "21 ms"],
  [0.9996, "1.0 s"],
  [9.94, "9.9 s"],
  [59.4, "59 s"],
  [59.6, "1 min"],
  [61, "1 min 1 s"],
  [3599.6, "1 h"],
  [5400, "1 h 30 min"],
  [86_399, "1 d"],
  [100_000, "1 d 4 h"],
])("formatDuration formats %d seconds as %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each([
  [0.5, "now"],
  [59.9, "59 s"],
  [60, "1 min"],
  [7199, "1 h"],
  [172_800, "2 d"],
])("formatAge formats an age of %d seconds as %s", (seconds, text) => {
  expect(formatAge(seconds)).toBe(text);
});
