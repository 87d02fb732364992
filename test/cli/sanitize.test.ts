import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeDeep, escapeLine, escapeText, toSafeJson } from "../../cli/sanitize.ts";

/** Everything that a terminal may act on. */
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe("text of strangers", () => {
  test.each([
    ["a title change", "\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
    ["a colour in C1", "\u009b31mred", "\\x9b31mred"],
    ["a carriage return", "failed\rcompleted", "failed\\x0dcompleted"],
    ["a bidi override", "exe\u202efdp", "exe\\u202efdp"],
    ["newline and tab", "a\n\tb", "a\n\tb"],
    ["ordinary words", "héllo 漢字 🎉", "héllo 漢字 🎉"],
  ])("shows %s", (_, text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test("stays on one line where a line is wanted", () => {
    expect(escapeLine("ok\njoblib: all is lost\t!")).toBe("ok\\njoblib: all is lost\\t!");
  });

  test("no character that a terminal obeys is left, in values or in keys, however deep", () => {
    fc.assert(
      fc.property(
        fc.anything({ key: fc.string({ unit: "binary" }), values: [fc.string({ unit: "binary" })] }),
        (value) => {
          const text = JSON.stringify(escapeDeep(value)) ?? "";
          expect(text.replace(/\\\\u[0-9a-f]{4}|\\\\[nt]/g, "")).not.toMatch(HARMFUL);
        },
      ),
    );
  });

  test("JSON is safe to show, and means the same", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = toSafeJson(value);
        expect(text).not.toMatch(HARMFUL);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("a value deeper than anybody reads does not overflow", () => {
    let deep: unknown = "\u001b";
    for (let depth = 0; depth < 5000; depth += 1) deep = [deep];

    expect(() => escapeDeep(deep)).not.toThrow();
  });
});
