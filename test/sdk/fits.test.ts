import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type Operation, operations, Task } from "../../protocol/index.ts";
import { fitsOf } from "../../sdk/fits.ts";

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

/** Every answer of every operation. */
const schemas = Object.values<Operation>(operations).flatMap(({ responses, minimal }) =>
  [...Object.values(responses), ...Object.values(minimal ?? {})].filter((schema) => schema !== null),
);

/** Where it says yes, zod gives the same value back. */
const agrees = (schema: z.ZodType, json: unknown) => {
  if (!fitsOf(schema)(json)) return;
  expect(schema.safeParse(json)).toEqual({ success: true, data: json });
};

describe("what fits a schema", () => {
  test("a task does, with its trace and without", () => {
    const trace_context = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };

    expect(fitsOf(Task)(task)).toBe(true);
    expect(Task.safeParse({ ...task, trace_context }).success).toBe(true);
  });

  test("a task with a member too few, too many or of another kind is zod's to judge, and refused with it", () => {
    for (const name of Object.keys(Task.shape)) {
      for (const odd of ODD) {
        const json: unknown = JSON.parse(JSON.stringify({ ...task, [name]: odd }));
        agrees(Task, json);
        if (!Task.safeParse(json).success) expect(fitsOf(Task)(json)).toBe(false);
      }
    }
    expect(fitsOf(Task)({ ...task, brand_new: 1 })).toBe(false);
    expect(fitsOf(Task)(JSON.parse(JSON.stringify(task).replace("{", '{"__proto__":{"a":1},')))).toBe(false);
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
    expect(fitsOf(schema)(json)).toBe(false);
  });

  test("knows bounds", () => {
    const schema = z.number().min(0).lt(1);

    expect([-1, 0, 0.5, 1, "0"].map((json) => fitsOf(schema)(json))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
