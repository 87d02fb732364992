import { expect, test } from "vitest";
import { getSecondsBetween } from "../../../server/prometheus/prometheus-meter.ts";

test.each([
  ["2026-01-31T00:00:00.000Z", "2026-01-31T00:00:00.001Z"],
  ["2026-01-31T01:02:03.456Z", "2026-01-31T23:59:59.999Z"],
  ["2026-01-31T23:59:59.900Z", "2026-02-01T00:00:00.100Z"],
  ["2025-12-31T12:00:00.000Z", "2026-12-31T12:00:00.000Z"],
  ["2026-01-31T09:10:19.070Z", "2026-01-31T10:09:18.605Z"],
])("the seconds from %s to %s equal the difference of Date.parse", (from, to) => {
  expect(getSecondsBetween(from, to)).toBeCloseTo((Date.parse(to) - Date.parse(from)) / 1000, 6);
});

test("the number of seconds between two timestamps is 0 if the second timestamp is earlier than the first", () => {
  expect(getSecondsBetween("2026-01-31T10:00:00.500Z", "2026-01-31T10:00:00.400Z")).toBe(0);
  expect(getSecondsBetween("2026-02-01T00:00:00.000Z", "2026-01-31T23:59:59.000Z")).toBe(0);
});
