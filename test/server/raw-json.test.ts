import { expect, test } from "vitest";
import { createRawJson, joinRawList, stringify, toResponseBody } from "../../server/raw-json.ts";

test("stringify inserts raw JSON as members and in lists", () => {
  const [one, two] = [createRawJson<object>('{"a":"$&"}'), createRawJson<object>('{ "b":2}')];

  expect(stringify({ one, more: [two, null], list: joinRawList([one, two]), none: joinRawList([]) })).toBe(
    '{"one":{"a":"$&"},"more":[{ "b":2},null],"list":[{"a":"$&"},{ "b":2}],"none":[]}',
  );
});

test("a list that contains other values is not joined into raw JSON", () => {
  const mixed = [createRawJson<object>('{"a":1}'), { b: 2 }];

  expect(joinRawList(mixed)).toBe(mixed);
  expect(stringify(joinRawList(mixed))).toBe('[{"a":1},{"b":2}]');
});

test("raw JSON is serialized by JSON.stringify as its value", () => {
  expect(JSON.stringify({ list: joinRawList([createRawJson("1"), createRawJson('"x"')]) })).toBe(
    '{"list":[1,"x"]}',
  );
});

test("a small response is a string, and a large one is a buffer with the same text", () => {
  const createLarge = (size: number) =>
    createRawJson<object>('{"of":"é🧪', "ü".repeat(size), '","to":', "[1,2]", "}");
  const createResponse = (size: number) => ({
    é: 1,
    tasks: joinRawList([createLarge(size), createRawJson("{}"), createLarge(size)]),
  });

  const small = toResponseBody(createResponse(10));
  const large = toResponseBody(createResponse(200_000));

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
