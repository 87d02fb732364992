import { expect, test } from "vitest";
import { formatWait, parseWait } from "../../protocol/index.ts";

test.each([
  ["wait=5", 5],
  ["wait=0", 0],
  ["respond-async, wait=10", 10],
  ["WAIT=7", 7],
  ['wait="8"', 8],
  ["wait=5, wait=9999", 5],
  ["wait=5;foo=bar", 5],
])("%s is a wait of %d s", (header, seconds) => {
  expect(parseWait(header)).toBe(seconds);
});

test.each([
  undefined,
  "",
  "wait",
  "wait=",
  "wait=-1",
  "wait=1e9",
  "wait=NaN",
  "wait=1.5",
  "await=5",
  "respond-async",
])("%s is ignored, as RFC 7240 has it", (header) => {
  expect(parseWait(header)).toBeUndefined();
});

test("a header of 64 kB is not read", () => {
  expect(parseWait(`${"x, ".repeat(20_000)}wait=5`)).toBeUndefined();
});

test("several headers are read as one", () => {
  expect(parseWait(["respond-async", "wait=3"])).toBe(3);
});

test("the preference is written as it is read", () => {
  expect(parseWait(formatWait(12))).toBe(12);
});
