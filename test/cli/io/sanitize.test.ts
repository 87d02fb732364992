import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeDeep, escapeLine, escapeText, toSafeJson } from "../../../cli/io/sanitize.ts";

/** Characters that a terminal may interpret. */
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe("escaping", () => {
  test.each([
    ["a title change", "\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
    ["a colour in C1", "\u009b31mred", "\\x9b31mred"],
    ["a carriage return", "failed\rcompleted", "failed\\x0dcompleted"],
    ["a bidi override", "exe\u202efdp", "exe\\u202efdp"],
    ["newline and tab", "a\n\tb", "a\n\tb"],
    ["ordinary words", "héllo 漢字 🎉", "héllo 漢字 🎉"],
  ])("escapeText escapes only characters that a terminal may interpret: %s", (_, text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });

  test("untrusted text is kept on one line by escapeLine", () => {
    expect(escapeLine("ok\njoblib: all is lost\t!")).toBe("ok\\njoblib: all is lost\\t!");
  });

  test("untrusted text is escaped by escapeDeep in values and keys at any depth", () => {
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

  test("untrusted text is escaped by toSafeJson without changing its value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = toSafeJson(value);
        expect(text).not.toMatch(HARMFUL);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("a value with 5,000 levels does not overflow the stack of escapeDeep", () => {
    let deep: unknown = "\u001b";
    for (let depth = 0; depth < 5000; depth += 1) deep = [deep];

    expect(() => escapeDeep(deep)).not.toThrow();
  });
});
