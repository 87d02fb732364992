import { describe, expect, test } from "vitest";
import { PageQuery, TaskSubmission, TaskSubmissions, TaskUpdate } from "../../../protocol/index.ts";

const findPointers = (schema: typeof TaskSubmission | typeof TaskUpdate | typeof PageQuery, value: unknown) =>
  schema.safeParse(value).error?.issues.map((issue) => issue.path.join("/")) ?? [];

describe("TaskSubmission", () => {
  test.each([
    ["priority", -100],
    ["priority", 100],
    ["max_attempts", 1],
    ["max_attempts", 100],
    ["timeout_seconds", 1],
    ["timeout_seconds", 604_800],
    ["delay_seconds", 0],
    ["backoff", { kind: "fixed", seconds: 86_400 }],
    ["backoff", {}],
    ["run_at", "2026-11-23T22:00:00.000Z"],
    ["run_at", "2026-11-23T23:00:00+01:00"],
  ])("TaskSubmission accepts %s: %j", (name, value) => {
    expect(findPointers(TaskSubmission, { [name]: value })).toEqual([]);
  });

  test.each([
    ["priority", -101],
    ["priority", 101],
    ["priority", 0.5],
    ["priority", "1"],
    ["max_attempts", 0],
    ["max_attempts", 101],
    ["timeout_seconds", 0],
    ["timeout_seconds", 604_801],
    ["delay_seconds", -1],
    ["delay_seconds", 1e9],
    ["run_at", "tomorrow"],
    ["run_at", "2026-11-23"],
    ["payload", []],
    ["payload", null],
    ["payload", "x"],
  ])("TaskSubmission rejects %s: %j", (name, value) => {
    expect(findPointers(TaskSubmission, { [name]: value })).toEqual([name]);
  });

  test("TaskSubmission rejects run_at together with delay_seconds", () => {
    expect(findPointers(TaskSubmission, { run_at: "2026-11-23T22:00:00Z", delay_seconds: 1 })).toEqual([
      "delay_seconds",
    ]);
  });

  test("TaskSubmission does not add, coerce or remove members of a payload", () => {
    const payload = { a: "1", nested: { b: null, c: [1, "2"] } };

    expect(TaskSubmission.parse({ payload }).payload).toEqual(payload);
    expect(TaskSubmission.parse({})).toEqual({});
  });

  test("TaskSubmission removes unknown members", () => {
    expect(TaskSubmission.parse({ priority: 1, from_the_future: true })).toEqual({ priority: 1 });
  });
});

test("TaskSubmissions accepts 1 to 1,000 tasks", () => {
  const createBody = (count: number) => ({
    tasks: Array.from({ length: count }, () => ({ job_name: "public:a:b" })),
  });

  expect(TaskSubmissions.safeParse(createBody(0)).success).toBe(false);
  expect(TaskSubmissions.safeParse(createBody(1000)).success).toBe(true);
  expect(TaskSubmissions.safeParse(createBody(1001)).success).toBe(false);
});

test("TaskUpdate limits an error to 64 KiB of UTF-8, not of characters", () => {
  expect(findPointers(TaskUpdate, { error: "x".repeat(65_536) })).toEqual([]);
  expect(findPointers(TaskUpdate, { error: "x".repeat(65_537) })).toEqual(["error"]);
  expect(findPointers(TaskUpdate, { error: "é".repeat(32_769) })).toEqual(["error"]);
});

test("TaskUpdate accepts any JSON value as the result, including null", () => {
  for (const result of [null, 0, "", [], {}, false]) {
    expect(TaskUpdate.parse({ status: "completed", result })).toEqual({ status: "completed", result });
  }
});

test("PageQuery accepts a limit from 0 to 500 and defaults to 50", () => {
  expect(PageQuery.parse({})).toEqual({ limit: 50, offset: 0 });
  expect(PageQuery.parse({ limit: "500", offset: "7" })).toEqual({ limit: 500, offset: 7 });
  for (const query of [
    { limit: "501" },
    { limit: "-1" },
    { limit: "x" },
    { offset: "-1" },
    { limit: "1.5" },
    { limit: "" },
    { limit: "0x10" },
    { limit: ["1", "2"] },
  ]) {
    expect(PageQuery.safeParse(query).success).toBe(false);
  }
});
