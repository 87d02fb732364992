import { expect, test } from "vitest";
import { rawJson, rawList, stringify } from "../../server/raw-json.ts";

test("raw texts are written in their places, alone and in lists", () => {
  const [one, two] = [rawJson<object>('{"a":"$&"}'), rawJson<object>('{ "b":2}')];

  expect(stringify({ one, more: [two, null], list: rawList([one, two]), none: rawList([]) })).toBe(
    '{"one":{"a":"$&"},"more":[{ "b":2},null],"list":[{"a":"$&"},{ "b":2}],"none":[]}',
  );
});

test("a list with anything else in it stays what it is", () => {
  const mixed = [rawJson<object>('{"a":1}'), { b: 2 }];

  expect(rawList(mixed)).toBe(mixed);
  expect(stringify(rawList(mixed))).toBe('[{"a":1},{"b":2}]');
});

test("is the value for any other writer", () => {
  expect(JSON.stringify({ list: rawList([rawJson("1"), rawJson('"x"')]) })).toBe('{"list":[1,"x"]}');
});
