import fc from "fast-check";
import { expect, test } from "vitest";
import { isPlainJson } from "../../../server/http/plain-json.ts";
import { JsonScanner } from "../../../server/http/scan-json.ts";

const nested = (depth: number, inside = "") => `${"[".repeat(depth)}${inside}${"]".repeat(depth)}`;

test.each([
  '{"a":"\\u0000"}',
  '{"__proto__":1}',
  '{"\\u005f_proto__":1}',
  "[9007199254740993]",
  "[1e400]",
  "[1E+999]",
  `[${"9".repeat(400)}]`,
  nested(129),
  nested(129, '"]"'),
  `{"a":${nested(128)}}`,
])("%s is left to the scan", (text) => {
  expect(isPlainJson(text)).toBe(false);
});

test.each([
  '{"a":[1,2.5,-3e2,"]]","\\\\",{"b":null}]}',
  nested(128),
  `{"a":"${"[".repeat(200)}"}`,
  "",
])("%s is plain", (text) => {
  expect(isPlainJson(text)).toBe(true);
});

test("what is plain and JSON, the scan takes too", () => {
  const text = fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.string({ unit: fc.constantFrom(...'{}[]"\\,:eE+-.0123456789 u_ao') }),
  );
  fc.assert(
    fc.property(text, (candidate) => {
      if (!isPlainJson(candidate)) return;
      let isJson = true;
      try {
        JSON.parse(candidate);
      } catch {
        isJson = false;
      }
      if (isJson) expect(new JsonScanner(candidate).scan()).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});
