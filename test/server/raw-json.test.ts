import { expect, test } from "vitest";
import { createRawJson, joinRawList, stringify, toResponseBody } from "../../server/raw-json.ts";

test("raw texts are written in their places, alone and in lists", () => {
  const [one, two] = [createRawJson<object>('{"a":"$&"}'), createRawJson<object>('{ "b":2}')];

  expect(stringify({ one, more: [two, null], list: joinRawList([one, two]), none: joinRawList([]) })).toBe(
    '{"one":{"a":"$&"},"more":[{ "b":2},null],"list":[{"a":"$&"},{ "b":2}],"none":[]}',
  );
});

test("a list with anything else in it stays what it is", () => {
  const mixed = [createRawJson<object>('{"a":1}'), { b: 2 }];

  expect(joinRawList(mixed)).toBe(mixed);
  expect(stringify(joinRawList(mixed))).toBe('[{"a":1},{"b":2}]');
});

test("is the value for any other writer", () => {
  expect(JSON.stringify({ list: joinRawList([createRawJson("1"), createRawJson('"x"')]) })).toBe(
    '{"list":[1,"x"]}',
  );
});

test("an answer is a text while it is small, and the same in bytes when it is large", () => {
  const long = (size: number) =>
    createRawJson<object>('{"of":"é🧪', "ü".repeat(size), '","to":', "[1,2]", "}");
  const of = (size: number) => ({ é: 1, tasks: joinRawList([long(size), createRawJson("{}"), long(size)]) });

  const small = toResponseBody(of(10));
  const large = toResponseBody(of(200_000));

  expect(small).toBe(stringify(of(10)));
  expect(large).toBeInstanceOf(Buffer);
  expect(large.toString()).toBe(stringify(of(200_000)));
  expect(JSON.parse(large.toString())).toEqual({
    é: 1,
    tasks: [
      { of: `é🧪${"ü".repeat(200_000)}`, to: [1, 2] },
      {},
      { of: `é🧪${"ü".repeat(200_000)}`, to: [1, 2] },
    ],
  });
});
