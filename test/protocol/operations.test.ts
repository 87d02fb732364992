import { expect, test } from "vitest";
import {
  createOpenApiDocument,
  fillPath,
  isProblemId,
  type Operation,
  operations,
  PROBLEM_IDS,
  PROBLEMS,
  Problem,
  parseProblemId,
} from "../../protocol/index.ts";

const all = Object.entries<Operation>(operations);

test("no two operations share a method and a path", () => {
  const addresses = all.map(([, { method, path }]) => `${method} ${path}`);

  expect(new Set(addresses).size).toBe(addresses.length);
});

test.each(all)("%s declares the parameters that its path names", (_, entry) => {
  const named = [...entry.path.matchAll(/:([a-z_]+)/g)].map((match) => match[1] ?? "");
  const sample = Object.fromEntries(named.map((name) => [name, "x"]));

  expect(entry.params?.parse(sample) ?? {}).toEqual(sample);
});

test("the OpenAPI document is the committed one", async () => {
  const document = `${JSON.stringify(createOpenApiDocument("1.0.0"), null, 2)}\n`;

  await expect(document).toMatchFileSnapshot("./openapi.snapshot.json");
});

test("a path's parameters are percent-encoded, but for what a room and a job name are made of", () => {
  expect(fillPath("/rooms/:room_id/jobs/:job_name", { room_id: "@global", job_name: "public:a:b" })).toBe(
    "/rooms/@global/jobs/public:a:b",
  );
  expect(fillPath("/tasks/:task_id", { task_id: "a/../b?c#d" })).toBe("/tasks/a%2F..%2Fb%3Fc%23d");
});

test("a problem's document carries its type, title, status, detail and extras", () => {
  const problem = new Problem("invalid-task-transition", "completed is the end", {
    from: "completed",
    to: "running",
    allowed: [],
  });

  expect(problem.toDocument("/api", "urn:x")).toEqual({
    type: "/api/v1/problems/invalid-task-transition",
    title: PROBLEMS["invalid-task-transition"].title,
    status: 409,
    detail: "completed is the end",
    instance: "urn:x",
    from: "completed",
    to: "running",
    allowed: [],
  });
});

test("a type URI leads back to the catalogue, and a stranger's does not", () => {
  for (const id of PROBLEM_IDS) expect(parseProblemId(`https://x.example/api/v1/problems/${id}`)).toBe(id);
  expect(parseProblemId("about:blank")).toBeUndefined();
  expect(isProblemId("toString")).toBe(false);
});
