import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NotJsonError, toJson } from "../../../sdk/extension/json.ts";

const createCircle = () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  return circle;
};

class Custom {
  toJSON() {
    return { custom: true };
  }
}

describe("toJson", () => {
  test("toJson returns the same value as JSON.stringify followed by JSON.parse", () => {
    const value = fc.anything({ withNullPrototype: true, withDate: true, withObjectString: true });

    fc.assert(
      fc.property(value, (input) => {
        let json: unknown;
        try {
          json = toJson(input);
        } catch (error) {
          expect(error).toBeInstanceOf(NotJsonError);
          return;
        }
        const text = JSON.stringify(input);
        expect(json).toStrictEqual(text === undefined ? null : JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["undefined", undefined, null],
    ["-0", [-0], [0]],
    ["undefined members", { a: undefined, b: [undefined] }, { b: [null] }],
    [
      "objects with toJSON",
      { a: new Custom(), b: new Date(0) },
      { a: { custom: true }, b: "1970-01-01T00:00:00.000Z" },
    ],
    ["a sparse array", new Array(1), [null]],
    ["boxed values", [Object(1), Object("a")], [1, "a"]],
  ])("toJson converts %s like JSON.stringify", (_, value, json) => {
    expect(toJson(value)).toStrictEqual(json);
  });

  test("toJson keeps a member that is called __proto__", () => {
    const input: unknown = JSON.parse('{"__proto__":{"a":1}}');

    expect(JSON.stringify(toJson(input))).toBe('{"__proto__":{"a":1}}');
  });

  test("toJson returns a copy", () => {
    const input = { list: [1] };
    const json = toJson(input);
    input.list.push(2);

    expect(json).toEqual({ list: [1] });
  });

  test.each([
    ["a circular object", createCircle],
    ["NaN", () => ({ a: Number.NaN })],
    [
      "a getter that throws",
      () => ({
        get a(): number {
          throw new Error("no");
        },
      }),
    ],
    ["a map", () => [new Map()]],
  ])("toJson rejects %s", (_, make) => {
    expect(() => toJson(make())).toThrow(NotJsonError);
  });
});
