import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { FastHistogram } from "../../../server/prometheus/fast-histogram.ts";

const named = { name: "took_seconds", help: "how long", buckets: [0.1, 1, 10] };

test("is scraped as prom-client's own histogram is", async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const times = new FastHistogram(ours, {
    ...named,
    labelNames: ["job_name"],
    labelsOf: (job_name) => ({ job_name }),
  });
  const histogram = new Histogram({ ...named, labelNames: ["job_name"], registers: [theirs] });
  expect(await ours.metrics()).toBe(await theirs.metrics());

  for (const [job_name, seconds] of [
    ["a", 0],
    ["a", 0.1],
    ["b", 0.5],
    ["a", 10],
    ["a", 10.001],
    ["b", 1000],
  ] as const) {
    times.note(job_name, seconds);
    histogram.observe({ job_name }, seconds);
  }

  const lines = async (registry: Registry) =>
    (await registry.metrics())
      .split("\n")
      .map((line) => line.replace(/\{(.*)\}/, (_, labels) => `{${labels.split(",").sort()}}`));
  expect(await lines(ours)).toEqual(await lines(theirs));
  expect(await theirs.getMetricsAsJSON()).toMatchObject(await ours.getMetricsAsJSON());
});
