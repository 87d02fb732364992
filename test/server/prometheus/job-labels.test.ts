import { expect, test } from "vitest";
import { JobLabels } from "../../../server/prometheus/job-labels.ts";

const aJob = (name: string, roomId = "@global") => ({
  jobId: `${roomId} ${name}`,
  job: { roomId, category: "chemistry", name },
});

test("global jobs are named, and those of rooms never", () => {
  const labels = new JobLabels();

  expect(labels.of(aJob("Depict"))).toBe("public:chemistry:Depict");
  expect(labels.of(aJob("Depict", "lab"))).toBe("other");
});

test("a job is known by its id once a task of it was seen", () => {
  const labels = new JobLabels();
  const { jobId } = aJob("Depict");

  expect(labels.ofId(jobId)).toBe("other");
  labels.of(aJob("Depict"));
  labels.of(aJob("Depict", "lab"));

  expect(labels.ofId(jobId)).toBe("public:chemistry:Depict");
  expect(labels.ofId("lab Depict")).toBe("other");
});

test("the 51st global job is one of the others, and the first 50 keep their names", () => {
  const labels = new JobLabels();

  const given = Array.from({ length: 60 }, (_, index) => labels.of(aJob(`Job${index}`)));

  expect(new Set(given).size).toBe(51);
  expect(given.slice(50)).toEqual(Array(10).fill("other"));
  expect(labels.of(aJob("Job49"))).toBe("public:chemistry:Job49");
  expect(labels.named({ category: "chemistry", name: "Job55" })).toBe("other");
});
