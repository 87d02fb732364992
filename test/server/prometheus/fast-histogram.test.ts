import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { FastHistogram } from "../../../server/prometheus/fast-histogram.ts";

const options = { name: "duration_seconds", help: "Duration", buckets: [0.1, 1, 10] };

test("a FastHistogram exports the same text and JSON as prom-client's histogram", async () => {
  const [actual, expected] = [new Registry(), new Registry()];
  const fast = new FastHistogram(actual, {
    ...options,
    labelNames: ["job_name"],
    toLabels: (job_name) => ({ job_name }),
  });
  const histogram = new Histogram({ ...options, labelNames: ["job_name"], registers: [expected] });
  expect(await actual.metrics()).toBe(await expected.metrics());

  for (const [job_name, seconds] of [
    ["a", 0],
    ["a", 0.1],
    ["b", 0.5],
    ["a", 10],
    ["a", 10.001],
    ["b", 1000],
  ] as const) {
    fast.record(job_name, seconds);
    histogram.observe({ job_name }, seconds);
  }

  const lines = async (registry: Registry) =>
    (await registry.metrics())
      .split("\n")
      .map((line) => line.replace(/\{(.*)\}/, (_, labels) => `{${labels.split(",").sort()}}`));
  expect(await lines(actual)).toEqual(await lines(expected));
  expect(await expected.getMetricsAsJSON()).toMatchObject(await actual.getMetricsAsJSON());
});
