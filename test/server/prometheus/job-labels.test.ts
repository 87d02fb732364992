import { expect, test } from "vitest";
import { JobLabels } from "../../../server/prometheus/job-labels.ts";

const createTaskJob = (name: string, roomId = "@global") => ({
  jobId: `${roomId} ${name}`,
  job: { roomId, category: "chemistry", name },
});

test("the metric label of a public job is its name, and the metric label of a room's job is “other”", () => {
  const labels = new JobLabels();

  expect(labels.get(createTaskJob("Depict"))).toBe("public:chemistry:Depict");
  expect(labels.get(createTaskJob("Depict", "lab"))).toBe("other");
});

test("the metric label of a public job can be looked up by the job's id after the first lookup by name", () => {
  const labels = new JobLabels();
  const { jobId } = createTaskJob("Depict");

  expect(labels.getById(jobId)).toBe("other");
  labels.get(createTaskJob("Depict"));
  labels.get(createTaskJob("Depict", "lab"));

  expect(labels.getById(jobId)).toBe("public:chemistry:Depict");
  expect(labels.getById("lab Depict")).toBe("other");
});

test("the first 50 public jobs have their own metric labels, and all later public jobs have the metric label “other”", () => {
  const labels = new JobLabels();

  const values = Array.from({ length: 60 }, (_, index) => labels.get(createTaskJob(`Job${index}`)));

  expect(new Set(values).size).toBe(51);
  expect(values.slice(50)).toEqual(Array(10).fill("other"));
  expect(labels.get(createTaskJob("Job49"))).toBe("public:chemistry:Job49");
  expect(labels.getGlobal({ category: "chemistry", name: "Job55" })).toBe("other");
});
