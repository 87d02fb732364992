import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import { parseJsonBody } from "../../../server/http/json-body.ts";

const parse = (text: string, exactMembers?: readonly string[]) =>
  parseJsonBody(Buffer.from(text), exactMembers);
const nested = (depth: number, inside = "") => `${"[".repeat(depth)}${inside}${"]".repeat(depth)}`;
const getProblem = (text: string, exactMembers?: readonly string[]) => {
  try {
    parse(text, exactMembers);
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error : undefined;
  }
};

test.each([
  '{"a":"\\u0000"}',
  '{"\\u0000":1}',
  '{"a":"\\ud83d"}',
  '{"__proto__":1}',
  '{"\\u005f_proto__":1}',
  "[9007199254740993]",
  "[1e400]",
  "[1E+999]",
  `[${"9".repeat(400)}]`,
  nested(129),
  nested(129, '"]"'),
  `{"a":${nested(128)}}`,
])("the JSON body %s is rejected", (text) => {
  expect(() => parse(text)).toThrow(Problem);
});

test.each([
  '{"a":[1,2.5,-3e2,"]]","\\\\",{"b":null}]}',
  nested(128),
  `{"a":"${"[".repeat(200)}"}`,
  '{"a":"\\ud83d\\ude00"}',
  "[12345678901234567000, 9007199254740993.0, 1e-400, 0.12345678901234567890]",
])("the JSON body %s is parsed with the same result as by JSON.parse", (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

test("an empty JSON body is parsed as undefined", () => {
  expect(parse("")).toBeUndefined();
});

test("a JSON body is accepted only if JSON.parse accepts it, and is parsed with the same result", () => {
  const text = fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.string({ unit: fc.constantFrom(...'{}[]"\\,:eE+-.0123456789 u_ao') }),
  );
  fc.assert(
    fc.property(text, (candidate) => {
      if (candidate === "" || getProblem(candidate) !== undefined) return;
      expect(parse(candidate)).toEqual(JSON.parse(candidate));
    }),
    { numRuns: 2000 },
  );
});

describe("problem of a body", () => {
  test.each([
    ['{"payload":{"a":1}', "at position 18"],
    ['{"payload":{"a":NaN}}', '"a":NaN'],
    ['{"payload":["x\\u0000"]}', "/payload/0"],
    ['{"payload":{"a":[{"__proto__":1}]}}', "/payload/a/0/__proto__"],
  ])("the problem of a JSON body contains the position at which %s is malformed", (text, place) => {
    expect(getProblem(text)).toMatchObject({
      id: "malformed-request",
      message: expect.stringContaining(place),
    });
  });

  test("a JSON body is rejected with validation-error if deep nesting follows a number that JavaScript cannot represent exactly", () => {
    expect(getProblem(`[9007199254740993,${nested(100_000)}]`)?.id).toBe("validation-error");
  });
});

test("a JSON body may contain numbers that JavaScript cannot represent only in the exact members of the outermost object", () => {
  const [kept, other] = ['{"schema":{"a":9007199254740993}}', '{"a":{"schema":9007199254740993}}'];

  expect(JSON.stringify(parse(kept, ["schema"]))).toBe(kept);
  expect(getProblem(other, ["schema"])?.toDocument().errors).toMatchObject([{ pointer: "/a/schema" }]);
});
