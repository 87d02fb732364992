import { expect, test } from "vitest";
import { rawJson, rawList, stringify, toAnswer } from "../../server/raw-json.ts";

test("stringify inserts raw JSON as members and in lists", () => {
  const [one, two] = [rawJson<object>('{"a":"$&"}'), rawJson<object>('{ "b":2}')];

  expect(stringify({ one, more: [two, null], list: rawList([one, two]), none: rawList([]) })).toBe(
    '{"one":{"a":"$&"},"more":[{ "b":2},null],"list":[{"a":"$&"},{ "b":2}],"none":[]}',
  );
});

test("a list that contains other values is not joined into raw JSON", () => {
  const mixed = [rawJson<object>('{"a":1}'), { b: 2 }];

  expect(rawList(mixed)).toBe(mixed);
  expect(stringify(rawList(mixed))).toBe('[{"a":1},{"b":2}]');
});

test("raw JSON is serialized by JSON.stringify as its value", () => {
  expect(JSON.stringify({ list: rawList([rawJson("1"), rawJson('"x"')]) })).toBe('{"list":[1,"x"]}');
});

test("a small response is a string, and a large one is a buffer with the same text", () => {
  const createLarge = (size: number) =>
    rawJson<object>('{"of":"é🧪', "ü".repeat(size), '","to":', "[1,2]", "}");
  const createResponse = (size: number) => ({
    é: 1,
    tasks: rawList([createLarge(size), rawJson("{}"), createLarge(size)]),
  });

  const small = toAnswer(createResponse(10));
  const large = toAnswer(createResponse(200_000));

  expect(small).toBe(stringify(createResponse(10)));
  expect(large).toBeInstanceOf(Buffer);
  expect(large.toString()).toBe(stringify(createResponse(200_000)));
  expect(JSON.parse(large.toString())).toEqual({
    é: 1,
    tasks: [
      { of: `é🧪${"ü".repeat(200_000)}`, to: [1, 2] },
      {},
      { of: `é🧪${"ü".repeat(200_000)}`, to: [1, 2] },
    ],
  });
});
