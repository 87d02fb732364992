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

/** Values to replace a member with. */
const REPLACEMENTS = [null, 0, -1, 1.5, 1e300, "", "x", AT, true, [], {}, [null], { id: 7 }, undefined];

/** The schemas of all request and response bodies. */
const schemas = Object.values<Operation>(operations).flatMap(({ responses, minimal, body }) =>
  [body ?? null, ...Object.values(responses), ...Object.values(minimal ?? {})].filter(
    (schema) => schema !== null,
  ),
);

/** Expects that zod returns the same value if the check accepts it. */
const expectAgreement = (schema: z.ZodType, json: unknown) => {
  if (!createQuickCheck(schema)(json)) return;
  expect(schema.safeParse(json)).toEqual({ success: true, data: json });
};

describe("createQuickCheck", () => {
  test("accepts a task without a trace context", () => {
    const trace_context = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };

    expect(createQuickCheck(Task)(task)).toBe(true);
    expect(Task.safeParse({ ...task, trace_context }).success).toBe(true);
  });

  test("never accepts a task with a missing, an additional or an invalid member that zod rejects", () => {
    for (const name of Object.keys(Task.shape)) {
      for (const replacement of REPLACEMENTS) {
        const json: unknown = JSON.parse(JSON.stringify({ ...task, [name]: replacement }));
        expectAgreement(Task, json);
        if (!Task.safeParse(json).success) expect(createQuickCheck(Task)(json)).toBe(false);
      }
    }
    expect(createQuickCheck(Task)({ ...task, brand_new: 1 })).toBe(false);
    expect(
      createQuickCheck(Task)(JSON.parse(JSON.stringify(task).replace("{", '{"__proto__":{"a":1},'))),
    ).toBe(false);
  });

  test("never accepts a value that zod would reject or change", () => {
    const words = fc.constantFrom(...Object.keys(Task.shape), "items", "task", "tasks", "results", "extra");
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(...REPLACEMENTS.filter((value) => value !== undefined), task),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(words, tie("value"), { maxKeys: 4 }),
      ),
    })).value;

    fc.assert(fc.property(fc.constantFrom(...schemas), json, expectAgreement), { numRuns: 3000 });
  });

  test.each([
    ["a default", z.object({ a: z.string().default("b") }), {}],
    ["additional keys", z.looseObject({ a: z.string() }), { a: "b", c: 1 }],
    ["a transform", z.string().transform(Number), "7"],
    ["a trim", z.string().trim(), " a "],
    ["a coercion", z.coerce.number(), "7"],
    ["a failed refinement", z.object({ a: z.string() }).refine(() => false), { a: "b" }],
    [
      "the second option of a union",
      z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
      { b: "c" },
    ],
  ])("leaves %s to zod", (_, schema, json) => {
    expect(createQuickCheck(schema)(json)).toBe(false);
  });

  test("accepts the request bodies of frequent operations", () => {
    const update = { status: "completed", attempt: 1, result: { a: 1 }, error: null };
    const submission = { job_name: "private:tests:Job", payload: {}, delay_seconds: 5, max_attempts: 3 };

    expect(createQuickCheck(TaskUpdate)({ ...update, worker_id: "w" })).toBe(true);
    expect(createQuickCheck(TaskUpdates)({ updates: [{ ...update, id: "0199" }, { id: "0199" }] })).toBe(
      true,
    );
    expect(createQuickCheck(TaskSubmissions)({ tasks: [submission] })).toBe(true);
    expect(createQuickCheck(SubmitBatch)({ submissions: [{ ...submission, idempotency_key: "k" }] })).toBe(
      true,
    );
  });

  test("never accepts a request body with an invalid member that zod rejects", () => {
    const members = Object.keys({ ...SubmitBatch.shape.submissions.element.shape, ...TaskUpdate.shape });
    const replacements: unknown[] = [
      ...REPLACEMENTS,
      "x".repeat(300),
      { kind: "fixed" },
      { traceparent: "x" },
    ];
    for (const name of members) {
      for (const replacement of replacements) {
        const submit = JSON.parse(JSON.stringify({ job_name: "a", run_at: AT, [name]: replacement }));
        for (const [schema, json] of [
          [SubmitBatch, { submissions: [submit] }],
          [TaskSubmissions, { tasks: [submit] }],
          [TaskUpdate, JSON.parse(JSON.stringify({ status: "failed", [name]: replacement }))],
        ] as const) {
          expectAgreement(schema, json);
          if (!schema.safeParse(json).success) expect(createQuickCheck(schema)(json)).toBe(false);
        }
      }
    }
    expect(createQuickCheck(TaskSubmissions)({ tasks: [] })).toBe(false);
    expect(
      createQuickCheck(TaskSubmissions)({ tasks: [{ job_name: "a", run_at: AT, delay_seconds: 1 }] }),
    ).toBe(false);
  });

  test("checks the length of a text in code points, and leaves uncertain cases to zod", () => {
    const schema = z.string().min(2).max(3);

    for (const text of ["", "a", "ab", "abc", "abcd", "😀", "😀😀", "😀😀😀", "a😀", "😀😀😀😀"])
      expectAgreement(schema, text);
    expect(["a", "abc", "abcd", "😀"].map((text) => createQuickCheck(schema)(text))).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  test("checks inclusive and exclusive bounds", () => {
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
