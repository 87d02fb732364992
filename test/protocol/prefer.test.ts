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
])("parseWait of %s returns %d seconds", (header, seconds) => {
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
])("parseWait ignores %s", (header) => {
  expect(parseWait(header)).toBeUndefined();
});

test("parseWait ignores a header of 60 kB", () => {
  expect(parseWait(`${"x, ".repeat(20_000)}wait=5`)).toBeUndefined();
});

test("parseWait reads several headers as one list", () => {
  expect(parseWait(["respond-async", "wait=3"])).toBe(3);
});

test("parseWait returns the seconds that were passed to formatWait", () => {
  expect(parseWait(formatWait(12))).toBe(12);
});
