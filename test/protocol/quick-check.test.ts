import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import {
  type Operation,
  operations,
  SubmitBatch,
  Task,
  TaskSubmissions,
  TaskUpdate,
  TaskUpdates,
} from "../../protocol/index.ts";
import { createQuickCheck } from "../../protocol/quick-check.ts";

const AT = "2026-11-25T19:14:08.000Z";

const task: z.infer<typeof Task> = {
  id: "0199",
  job_name: "private:tests:Job",
  room_id: "lab",
  status: "running",
  payload: { deep: [{ er: null }] },
  priority: 0,
  attempt: 1,
  runs: 1,
  max_attempts: 1,
  backoff: { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 },
  timeout_seconds: null,
  run_at: AT,
  created_at: AT,
  started_at: AT,
  completed_at: null,
  created_by_id: null,
  worker_id: "w",
  error: null,
  errors: [{ attempt: 1, at: AT, error: "no", worker_id: null }],
  result: null,
  progress: { fraction: 0.5 },
  queue_position: null,
};

/** What is worth a try in the place of a member. */
const ODD = [null, 0, -1, 1.5, 1e300, "", "x", AT, true, [], {}, [null], { id: 7 }, undefined];

/** Every answer and every body of every operation. */
const schemas = Object.values<Operation>(operations).flatMap(({ responses, minimal, body }) =>
  [body ?? null, ...Object.values(responses), ...Object.values(minimal ?? {})].filter(
    (schema) => schema !== null,
  ),
);

/** Where it says yes, zod gives the same value back. */
const agrees = (schema: z.ZodType, json: unknown) => {
  if (!createQuickCheck(schema)(json)) return;
  expect(schema.safeParse(json)).toEqual({ success: true, data: json });
};

describe("what fits a schema", () => {
  test("a task does, with its trace and without", () => {
    const trace_context = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };

    expect(createQuickCheck(Task)(task)).toBe(true);
    expect(Task.safeParse({ ...task, trace_context }).success).toBe(true);
  });

  test("a task with a member too few, too many or of another kind is zod's to judge, and refused with it", () => {
    for (const name of Object.keys(Task.shape)) {
      for (const odd of ODD) {
        const json: unknown = JSON.parse(JSON.stringify({ ...task, [name]: odd }));
        agrees(Task, json);
        if (!Task.safeParse(json).success) expect(createQuickCheck(Task)(json)).toBe(false);
      }
    }
    expect(createQuickCheck(Task)({ ...task, brand_new: 1 })).toBe(false);
    expect(
      createQuickCheck(Task)(JSON.parse(JSON.stringify(task).replace("{", '{"__proto__":{"a":1},'))),
    ).toBe(false);
  });

  test("never says yes where zod says no, or would change it", () => {
    const words = fc.constantFrom(...Object.keys(Task.shape), "items", "task", "tasks", "results", "extra");
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(...ODD.filter((odd) => odd !== undefined), task),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(words, tie("value"), { maxKeys: 4 }),
      ),
    })).value;

    fc.assert(fc.property(fc.constantFrom(...schemas), json, agrees), { numRuns: 3000 });
  });

  test.each([
    ["a default", z.object({ a: z.string().default("b") }), {}],
    ["another's keys", z.looseObject({ a: z.string() }), { a: "b", c: 1 }],
    ["a transform", z.string().transform(Number), "7"],
    ["a trim", z.string().trim(), " a "],
    ["a coercion", z.coerce.number(), "7"],
    ["a rule of its own", z.object({ a: z.string() }).refine(() => false), { a: "b" }],
    [
      "the second of several",
      z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
      { b: "c" },
    ],
  ])("leaves %s to zod", (_, schema, json) => {
    expect(createQuickCheck(schema)(json)).toBe(false);
  });

  test("bodies of the hot paths do", () => {
    const update = { status: "completed", attempt: 1, result: { a: 1 }, error: null };
    const submission = { job_name: "private:tests:Job", payload: {}, delay_seconds: 5, max_attempts: 3 };

    expect(createQuickCheck(TaskUpdate)({ ...update, worker_id: "w" })).toBe(true);
    expect(createQuickCheck(TaskUpdates)({ updates: [{ ...update, id: "0199" }, { id: "0199" }] })).toBe(
      true,
    );
    expect(createQuickCheck(TaskSubmissions)({ tasks: [submission] })).toBe(true);
    expect(createQuickCheck(SubmitBatch)({ submits: [{ ...submission, idempotency_key: "k" }] })).toBe(true);
  });

  test("a body with a member of another kind is zod's to judge, and refused with it", () => {
    const members = Object.keys({ ...SubmitBatch.shape.submits.element.shape, ...TaskUpdate.shape });
    const tries: unknown[] = [...ODD, "x".repeat(300), { kind: "fixed" }, { traceparent: "x" }];
    for (const name of members) {
      for (const odd of tries) {
        const submit = JSON.parse(JSON.stringify({ job_name: "a", run_at: AT, [name]: odd }));
        for (const [schema, json] of [
          [SubmitBatch, { submits: [submit] }],
          [TaskSubmissions, { tasks: [submit] }],
          [TaskUpdate, JSON.parse(JSON.stringify({ status: "failed", [name]: odd }))],
        ] as const) {
          agrees(schema, json);
          if (!schema.safeParse(json).success) expect(createQuickCheck(schema)(json)).toBe(false);
        }
      }
    }
    expect(createQuickCheck(TaskSubmissions)({ tasks: [] })).toBe(false);
    expect(
      createQuickCheck(TaskSubmissions)({ tasks: [{ job_name: "a", run_at: AT, delay_seconds: 1 }] }),
    ).toBe(false);
  });

  test("knows lengths, by code points where that makes a difference", () => {
    const schema = z.string().min(2).max(3);

    for (const text of ["", "a", "ab", "abc", "abcd", "😀", "😀😀", "😀😀😀", "a😀", "😀😀😀😀"])
      agrees(schema, text);
    expect(["a", "abc", "abcd", "😀"].map((text) => createQuickCheck(schema)(text))).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  test("knows bounds", () => {
    const schema = z.number().min(0).lt(1);

    expect([-1, 0, 0.5, 1, "0"].map((json) => createQuickCheck(schema)(json))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
