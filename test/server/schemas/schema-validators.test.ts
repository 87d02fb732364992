import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import type { JsonObject, SchemaError } from "../../../server/schemas/schema-error.ts";
import { SchemaValidators } from "../../../server/schemas/schema-validators.ts";
import { getCpuTime } from "../../support/cpu-time.ts";

const validators = new SchemaValidators();
afterAll(() => validators.close());

// Maximum time that a validation may block the event loop, in milliseconds. The longest block takes
// about 60 ms on an idle machine. A whole validation on the event loop would block it for seconds.
const MAX_BLOCKED_MS = 400;

/**
 * Returns the longest time that a function blocks the event loop, in milliseconds of processor
 * time.
 */
async function measureLongestBlock(run: () => Promise<unknown>): Promise<number> {
  let last = getCpuTime();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, getCpuTime() - last);
    last = getCpuTime();
  }, 5);
  await run();
  await sleep(10);
  clearInterval(timer);
  return longest;
}

let number = 0;
async function checkAndValidate(schema: JsonObject, value: unknown): Promise<SchemaError[]> {
  number += 1;
  const errors = await validators.check(schema);
  return errors.length > 0 ? errors : await validators.validate(`hash ${number}`, schema, value);
}

const createRecord = (count: number, schema: (index: number) => JsonObject) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, schema(i)]));
const nest = (levels: number, innermost: unknown = {}) => {
  let value = innermost;
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
};
const createText = (length: number) =>
  Array.from({ length }, (_, i) => "ab"[((i * i * 7919) % 13) % 2]).join("");
// A payload of depth n has 2^n branches. All of them fail, but only at the innermost value.
const branch = { properties: { a: { $ref: "#/$defs/n" } } };
const branching = { $ref: "#/$defs/n", $defs: { n: { type: "object", anyOf: [branch, branch] } } };
const reference = { $ref: "#/$defs/x" };
const $defs = { x: { type: "string" } };

describe("event loop", () => {
  test.each<[string, JsonObject, unknown]>([
    ["branches at every level", branching, nest(60, 1)],
    [
      "contains over a reference",
      { properties: { a: { contains: reference } }, $defs },
      { a: Array(100_000).fill(1) },
    ],
    [
      "uniqueItems of objects",
      { properties: { a: { uniqueItems: true } } },
      { a: Array.from({ length: 100_000 }, (_, i) => ({ i })) },
    ],
    [
      "many options for many items",
      {
        properties: {
          a: {
            items: {
              anyOf: Array(60)
                .fill(0)
                .map((_, i) => ({ const: { i } })),
            },
          },
        },
      },
      { a: Array(50_000).fill({}) },
    ],
    [
      "a pattern with many states",
      { properties: { a: { pattern: "(?:a|b)*a(?:a|b){400}$" } } },
      { a: createText(1_000_000) },
    ],
    [
      "a pattern for a long property name",
      { patternProperties: { "^(a+)+$": {} } },
      { [`${"a".repeat(1_000_000)}b`]: 1 },
    ],
    [
      "a long property name that is escaped",
      { additionalProperties: { allOf: Array(40).fill(reference) }, $defs },
      { ["~".repeat(1_000_000)]: 1 },
    ],
    [
      "unevaluatedProperties",
      { allOf: Array(20).fill({ patternProperties: { "^k": true } }), unevaluatedProperties: false },
      createRecord(50_000, () => ({})),
    ],
    ["a deeply nested payload", { properties: { a: { $ref: "#" } } }, nest(100_000)],
    [
      "a thousand subschemas",
      { properties: createRecord(900, () => ({ type: "string", minLength: 1 })) },
      { p1: "" },
    ],
    [
      "a long chain of references",
      {
        $ref: "#/$defs/p0",
        $defs: createRecord(400, (i) => ({ properties: { a: { $ref: `#/$defs/p${(i + 1) % 400}` } } })),
      },
      nest(1000),
    ],
    [
      "many slow patterns",
      { properties: createRecord(200, (i) => ({ pattern: `${"(?:\\pL{99}){9}".repeat(10)}${i}` })) },
      {},
    ],
  ])(
    "the event loop is not blocked by the validation with %s",
    async (_, schema, value) => {
      const blockedMs = await measureLongestBlock(() => checkAndValidate(cloneAsJson(schema), value));

      expect(blockedMs).toBeLessThan(MAX_BLOCKED_MS);
    },
    30_000,
  );
});

describe("check that exceeds its deadline", () => {
  test("a validation that exceeds its deadline returns an error of the payload", async () => {
    expect(await checkAndValidate(cloneAsJson(branching), nest(60, 1))).toEqual([
      {
        pointer: "",
        detail: "takes too long to validate against the schema; send a smaller value or simplify the schema",
      },
    ]);
  }, 30_000);

  test("a compilation that exceeds its deadline returns an error of the schema, and later checks succeed", async () => {
    const strict = new SchemaValidators({ deadlineMs: 1 });

    const errors = await strict.check({ properties: createRecord(900, () => ({ type: "string" })) });
    const after = await strict.check({ type: "object" });
    await strict.close();

    expect(errors).toEqual([{ pointer: "", detail: "takes too long to compile; simplify the schema" }]);
    expect(after).toEqual([]);
  }, 30_000);
});

describe("validators with large input", () => {
  const schema = { properties: createRecord(200, () => ({ type: "string" })), required: ["p0"] };

  test("the schema validators check a large schema and validate payloads against it", async () => {
    expect(await validators.check(schema)).toEqual([]);
    expect(await validators.validate("large", schema, { p0: "", p1: "" })).toEqual([]);
    expect(await validators.validate("large", schema, { p1: 1 })).toEqual([
      { pointer: "/p0", detail: "is required" },
      { pointer: "/p1", detail: "must be string, not number" },
    ]);
  }, 30_000);

  test("the schema validators validate a megabyte of text with an ordinary pattern", async () => {
    const text = { properties: { a: { type: "string", pattern: "^(?:[A-Za-z0-9+/]{4})*={0,2}$" } } };

    expect(await checkAndValidate(text, { a: "QUJD".repeat(250_000) })).toEqual([]);
    expect(await checkAndValidate(text, { a: `${"QUJD".repeat(250_000)}!` })).toHaveLength(1);
  }, 30_000);

  test("the schema validators validate many concurrent payloads in turn", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, () => validators.validate("large", schema, {})),
    );

    expect(results).toEqual(Array(20).fill([{ pointer: "/p0", detail: "is required" }]));
  }, 30_000);
});

describe("checks of one user", () => {
  const schema = { properties: createRecord(200, () => ({ type: "string" })), required: ["p0"] };

  test("a schema check is rejected if too many checks of its user are waiting, while another user's check still runs", async () => {
    const flood = Array.from({ length: 120 }, () =>
      Promise.resolve(validators.validate("large", schema, {}, "mal")).catch((error: unknown) => error),
    );
    const other = await validators.validate("large", schema, { p0: "" }, "ann");
    const results = await Promise.all(flood);

    expect(other).toEqual([]);
    expect(results.filter((result) => result instanceof Problem)).toHaveLength(19);
    expect(results.at(-1)).toMatchObject({ id: "service-unavailable", retryAfter: 2 });
  }, 30_000);

  test("the event loop runs at most one of a hundred checks of a user if the payloads are slow to validate", async () => {
    const slow = { properties: { a: { pattern: "^(?=(a+)+b)" } } };
    const payload = { a: "a".repeat(100_000) };
    await validators.validate("slow", slow, payload, "mal");
    const started = getCpuTime();

    const waiting = validators.validate("slow", slow, payload, "mal");

    // An attempt to validate the payload on the event loop takes about 30 ms. Passing the payload
    // to a thread takes less than 1 ms.
    expect(getCpuTime() - started).toBeLessThan(15);
    expect(await waiting).toHaveLength(1);
  }, 30_000);
});

describe("validators", () => {
  test("the schema validators keep only the most recently used schemas, up to the maximum", async () => {
    const small = new SchemaValidators({ entries: 3 });

    for (let i = 0; i < 10; i += 1) await small.validate(`${i}`, { properties: { a: { const: i } } }, {});

    expect(small.size).toBe(3);
    expect(await small.validate("0", { properties: { a: { const: 0 } } }, { a: 1 })).toHaveLength(1);
    await small.close();
  });

  test("the schema validators report an error for a schema that is no longer supported", async () => {
    expect(await validators.validate("old", { $ref: "https://elsewhere/" }, {})).toEqual([
      {
        pointer: "",
        detail:
          "cannot be validated, because the job's schema is no longer supported; register the job with a supported schema",
      },
    ]);
  });

  test("the schema validators reject checks after they are closed", async () => {
    const closed = new SchemaValidators();
    await closed.close();

    await expect(closed.check({ properties: createRecord(200, () => ({ type: "string" })) })).rejects.toThrow(
      "closed",
    );
  });
});

// Returns a copy in which no object is referenced twice, as in a parsed request.
function cloneAsJson(schema: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(schema));
}
