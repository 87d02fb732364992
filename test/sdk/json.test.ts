import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NotJsonError, toJson } from "../../sdk/json.ts";

const circle = () => {
  const round: { self?: unknown } = {};
  round.self = round;
  return round;
};

class Told {
  toJSON() {
    return { told: true };
  }
}

describe("the JSON of a value", () => {
  test("is what writing it out and reading it again gives", () => {
    const value = fc.anything({ withNullPrototype: true, withDate: true, withObjectString: true });

    fc.assert(
      fc.property(value, (given) => {
        let json: unknown;
        try {
          json = toJson(given);
        } catch (error) {
          expect(error).toBeInstanceOf(NotJsonError);
          return;
        }
        const text = JSON.stringify(given);
        expect(json).toStrictEqual(text === undefined ? null : JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["nothing", undefined, null],
    ["a zero with a sign", [-0], [0]],
    ["members that are undefined", { a: undefined, b: [undefined] }, { b: [null] }],
    [
      "what tells its own",
      { a: new Told(), b: new Date(0) },
      { a: { told: true }, b: "1970-01-01T00:00:00.000Z" },
    ],
    ["a hole", new Array(1), [null]],
    ["boxes", [Object(1), Object("a")], [1, "a"]],
  ])("has %s as JSON has it", (_, value, json) => {
    expect(toJson(value)).toStrictEqual(json);
  });

  test("keeps a member that is called __proto__ a member", () => {
    const given: unknown = JSON.parse('{"__proto__":{"a":1}}');

    expect(JSON.stringify(toJson(given))).toBe('{"__proto__":{"a":1}}');
  });

  test("is a copy", () => {
    const given = { list: [1] };
    const json = toJson(given);
    given.list.push(2);

    expect(json).toEqual({ list: [1] });
  });

  test.each([
    ["a circle", circle],
    ["a number that is none", () => ({ a: Number.NaN })],
    [
      "a getter that throws",
      () => ({
        get a(): number {
          throw new Error("no");
        },
      }),
    ],
    ["a map", () => [new Map()]],
  ])("is refused to %s", (_, make) => {
    expect(() => toJson(make())).toThrow(NotJsonError);
  });
});
