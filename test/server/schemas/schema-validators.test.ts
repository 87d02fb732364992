import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import type { JsonObject, SchemaError } from "../../../server/schemas/schema-error.ts";
import { SchemaValidators } from "../../../server/schemas/schema-validators.ts";
import { getCpuTime } from "../../support/cpu-time.ts";

const validators = new SchemaValidators();
afterAll(() => validators.close());

// Generous: what it must tell from is seconds. The alone-run maximum is some 60 ms.
const longestPauseMs = 400;

/** Runs something and says how long it kept the event loop busy at a time. */
async function longestPauseOf(run: () => Promise<unknown>): Promise<number> {
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
  const faults = await validators.check(schema);
  return faults.length > 0 ? faults : await validators.validate(`hash ${number}`, schema, value);
}

const records = (count: number, schema: (index: number) => JsonObject) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, schema(i)]));
const nested = (levels: number, innermost: unknown = {}) => {
  let value = innermost;
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
};
const letters = (length: number) =>
  Array.from({ length }, (_, i) => "ab"[((i * i * 7919) % 13) % 2]).join("");
// 2^depth ways to look at a payload of that depth, and all of them fail at its end.
const branch = { properties: { a: { $ref: "#/$defs/n" } } };
const branching = { $ref: "#/$defs/n", $defs: { n: { type: "object", anyOf: [branch, branch] } } };
const reference = { $ref: "#/$defs/x" };
const $defs = { x: { type: "string" } };

describe("nothing that a stranger sends holds up the event loop", () => {
  test.each<[string, JsonObject, unknown]>([
    ["branches at every level", branching, nested(60, 1)],
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
      "many forms for many items",
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
      { a: letters(1_000_000) },
    ],
    [
      "a pattern for a long name",
      { patternProperties: { "^(a+)+$": {} } },
      { [`${"a".repeat(1_000_000)}b`]: 1 },
    ],
    [
      "a long name to be escaped",
      { additionalProperties: { allOf: Array(40).fill(reference) }, $defs },
      { ["~".repeat(1_000_000)]: 1 },
    ],
    [
      "unevaluatedProperties",
      { allOf: Array(20).fill({ patternProperties: { "^k": true } }), unevaluatedProperties: false },
      records(50_000, () => ({})),
    ],
    ["a payload nested deep", { properties: { a: { $ref: "#" } } }, nested(100_000)],
    [
      "a thousand subschemas",
      { properties: records(900, () => ({ type: "string", minLength: 1 })) },
      { p1: "" },
    ],
    [
      "a long chain of references",
      {
        $ref: "#/$defs/p0",
        $defs: records(400, (i) => ({ properties: { a: { $ref: `#/$defs/p${(i + 1) % 400}` } } })),
      },
      nested(1000),
    ],
    [
      "many slow patterns",
      { properties: records(200, (i) => ({ pattern: `${"(?:\\pL{99}){9}".repeat(10)}${i}` })) },
      {},
    ],
  ])(
    "%s",
    async (_, schema, value) => {
      const pause = await longestPauseOf(() => checkAndValidate(structuredCloneOf(schema), value));

      expect(pause).toBeLessThan(longestPauseMs);
    },
    30_000,
  );
});

describe("what cannot be told in time", () => {
  test("is a fault of the payload", async () => {
    expect(await checkAndValidate(structuredCloneOf(branching), nested(60, 1))).toEqual([
      { pointer: "", detail: "takes too long to check against the schema" },
    ]);
  }, 30_000);

  test("is a fault of the schema where it cannot be compiled", async () => {
    const impatient = new SchemaValidators({ deadlineMs: 1 });

    const faults = await impatient.check({ properties: records(900, () => ({ type: "string" })) });
    const after = await impatient.check({ type: "object" });
    await impatient.close();

    expect(faults).toEqual([{ pointer: "", detail: "takes too long to compile" }]);
    expect(after).toEqual([]);
  }, 30_000);
});

describe("a large schema", () => {
  const schema = { properties: records(200, () => ({ type: "string" })), required: ["p0"] };

  test("is checked, and validated, in a thread with the same answers", async () => {
    expect(await validators.check(schema)).toEqual([]);
    expect(await validators.validate("large", schema, { p0: "", p1: "" })).toEqual([]);
    expect(await validators.validate("large", schema, { p1: 1 })).toEqual([
      { pointer: "/p0", detail: "is required" },
      { pointer: "/p1", detail: "must be string, not number" },
    ]);
  }, 30_000);

  test("a megabyte of text is matched against an ordinary pattern", async () => {
    const text = { properties: { a: { type: "string", pattern: "^(?:[A-Za-z0-9+/]{4})*={0,2}$" } } };

    expect(await checkAndValidate(text, { a: "QUJD".repeat(250_000) })).toEqual([]);
    expect(await checkAndValidate(text, { a: `${"QUJD".repeat(250_000)}!` })).toHaveLength(1);
  }, 30_000);

  test("many at once wait for their turn", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => validators.validate("large", schema, {})),
    );

    expect(answers).toEqual(Array(20).fill([{ pointer: "/p0", detail: "is required" }]));
  }, 30_000);
});

describe("one user's checks", () => {
  const schema = { properties: records(200, () => ({ type: "string" })), required: ["p0"] };

  test("are refused if too many wait, and another user's are not", async () => {
    const flood = Array.from({ length: 120 }, () =>
      Promise.resolve(validators.validate("large", schema, {}, "mal")).catch((error: unknown) => error),
    );
    const other = await validators.validate("large", schema, { p0: "" }, "ann");
    const answers = await Promise.all(flood);

    expect(other).toEqual([]);
    expect(answers.filter((answer) => answer instanceof Problem)).toHaveLength(19);
    expect(answers.at(-1)).toMatchObject({ id: "service-unavailable", retryAfter: 2 });
  }, 30_000);

  test("cost the event loop an attempt only once in a hundred", async () => {
    const slow = { properties: { a: { pattern: "^(?=(a+)+b)" } } };
    const payload = { a: "a".repeat(100_000) };
    await validators.validate("slow", slow, payload, "mal");
    const started = getCpuTime();

    const waiting = validators.validate("slow", slow, payload, "mal");

    // An attempt takes some 30 ms; passing the payload on takes less than 1.
    expect(getCpuTime() - started).toBeLessThan(15);
    expect(await waiting).toHaveLength(1);
  }, 30_000);
});

describe("the cache", () => {
  test("keeps what was last used, and no more than it may", async () => {
    const small = new SchemaValidators({ entries: 3 });

    for (let i = 0; i < 10; i += 1) await small.validate(`${i}`, { properties: { a: { const: i } } }, {});

    expect(small.size).toBe(3);
    expect(await small.validate("0", { properties: { a: { const: 0 } } }, { a: 1 })).toHaveLength(1);
    await small.close();
  });

  test("answers for a schema that is no longer supported", async () => {
    expect(await validators.validate("old", { $ref: "https://elsewhere/" }, {})).toEqual([
      { pointer: "", detail: "cannot be checked, as the job's schema is no longer supported" },
    ]);
  });

  test("a closed one says so", async () => {
    const closed = new SchemaValidators();
    await closed.close();

    await expect(closed.check({ properties: records(200, () => ({ type: "string" })) })).rejects.toThrow(
      "closed",
    );
  });
});

// As over the wire: no two places share an object.
function structuredCloneOf(schema: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(schema));
}
