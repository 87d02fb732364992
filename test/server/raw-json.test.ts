import { expect, test } from "vitest";
import { joinSerialized, Serialized, stringify, toResponseBody } from "../../server/raw-json.ts";

const serialized = (...texts: string[]) => new Serialized<object>(texts);

test("stringify inserts raw JSON into objects and lists", () => {
  const [one, two] = [serialized('{"a":"$&"}'), serialized('{ "b":2}')];

  expect(
    stringify({ one, more: [two, null], list: joinSerialized([one, two]), none: joinSerialized([]) }),
  ).toBe('{"one":{"a":"$&"},"more":[{ "b":2},null],"list":[{"a":"$&"},{ "b":2}],"none":[]}');
});

test("a list that contains a value other than raw JSON is not joined into raw JSON", () => {
  const mixed = [serialized('{"a":1}'), { b: 2 }];

  expect(joinSerialized(mixed)).toBe(mixed);
  expect(stringify(joinSerialized(mixed))).toBe('[{"a":1},{"b":2}]');
});

test("raw JSON is serialized by JSON.stringify as its value", () => {
  expect(JSON.stringify({ list: joinSerialized([serialized("1"), serialized('"x"')]) })).toBe(
    '{"list":[1,"x"]}',
  );
});

test("a small response is a string, and a large response is a buffer with the same text", () => {
  const createLarge = (size: number) => serialized('{"of":"é🧪', "ü".repeat(size), '","to":', "[1,2]", "}");
  const createResponse = (size: number) => ({
    é: 1,
    tasks: joinSerialized([createLarge(size), serialized("{}"), createLarge(size)]),
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
