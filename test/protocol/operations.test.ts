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

const entries = Object.entries<Operation>(operations);

test("every operation has a unique combination of method and path", () => {
  const addresses = entries.map(([, { method, path }]) => `${method} ${path}`);

  expect(new Set(addresses).size).toBe(addresses.length);
});

test.each(entries)("the operation %s declares the parameters in its path", (_, entry) => {
  const names = [...entry.path.matchAll(/:([a-z_]+)/g)].map((match) => match[1] ?? "");
  const sample = Object.fromEntries(names.map((name) => [name, "x"]));

  expect(entry.params?.parse(sample) ?? {}).toEqual(sample);
});

test.each(entries)("the operation %s describes each of its responses", (_, {
  responses,
  responseDescriptions,
}) => {
  expect(Object.keys(responseDescriptions)).toEqual(Object.keys(responses));
});

test("the OpenAPI document equals its snapshot", async () => {
  const document = `${JSON.stringify(createOpenApiDocument("1.0.0"), null, 2)}\n`;

  await expect(document).toMatchFileSnapshot("./openapi.snapshot.json");
});

test("fillPath percent-encodes parameters, except @ and : in room ids and job names", () => {
  expect(fillPath("/rooms/:room_id/jobs/:job_name", { room_id: "@global", job_name: "public:a:b" })).toBe(
    "/rooms/@global/jobs/public:a:b",
  );
  expect(fillPath("/tasks/:task_id", { task_id: "a/../b?c#d" })).toBe("/tasks/a%2F..%2Fb%3Fc%23d");
});

test("a problem document contains the type, title, status, detail and extension members", () => {
  const problem = new Problem("invalid-task-transition", "The task is completed.", {
    from: "completed",
    to: "running",
    allowed: [],
  });

  expect(problem.toDocument("/api", "urn:x")).toEqual({
    type: "/api/v1/problems/invalid-task-transition",
    title: PROBLEMS["invalid-task-transition"].title,
    status: 409,
    detail: "The task is completed.",
    instance: "urn:x",
    from: "completed",
    to: "running",
    allowed: [],
  });
});

test("parseProblemId returns the id of a type URI, and undefined for an unknown URI", () => {
  for (const id of PROBLEM_IDS) expect(parseProblemId(`https://x.example/api/v1/problems/${id}`)).toBe(id);
  expect(parseProblemId("about:blank")).toBeUndefined();
  expect(isProblemId("toString")).toBe(false);
});
