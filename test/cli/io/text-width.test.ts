import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { getTextWidth, truncate, truncateStart, wrap } from "../../../cli/io/text-width.ts";

const FAMILY = "👨‍👩‍👧";

describe("getTextWidth", () => {
  test.each([
    ["ASCII", "abc", 3],
    ["CJK", "漢字", 4],
    ["fullwidth forms", "ＡＢ", 4],
    ["a composed Hangul syllable", "각", 2],
    ["a decomposed Hangul syllable", "각".normalize("NFD"), 2],
    ["a combining mark", "e\u0301", 1],
    ["several combining marks", "a\u0323\u0302", 1],
    ["an emoji", "🎉", 2],
    ["an emoji with a variation selector", "❤️", 2],
    ["an emoji with a skin tone", "👍🏽", 2],
    ["a sequence of joined emoji", FAMILY, 2],
    ["a flag", "🇩🇪", 2],
    ["a block character", "█", 1],
    ["a color", "\u001b[32mok\u001b[39m", 2],
  ])("getTextWidth returns the number of columns of %s", (_, text, width) => {
    expect(getTextWidth(text)).toBe(width);
  });
});

describe("truncate", () => {
  test.each([
    ["abcdef", 4, "abc…"],
    ["漢字漢字", 5, "漢字…"],
    ["漢字漢字", 4, "漢…"],
    ["𠮷𠮷𠮷", 4, "𠮷…"],
    [`${FAMILY}${FAMILY}`, 3, `${FAMILY}…`],
    [`a${FAMILY}b`, 3, "a…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
    ["漢字", 4, "漢字"],
  ])("truncate shortens %s to %i columns", (text, width, truncated) => {
    expect(truncate(text, width)).toBe(truncated);
  });

  test("truncateStart keeps the end of a text", () => {
    expect(truncateStart("public:漢字", 5)).toBe("…漢字");
    expect(truncateStart(`ab${FAMILY}`, 3)).toBe(`…${FAMILY}`);
  });

  test("truncate never returns a text that is wider than requested", () => {
    const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 20 }), (text, width) => {
        expect(getTextWidth(truncate(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe("wrap", () => {
  test.each([
    ["one two three", 8, "one two\n  three"],
    ["漢字 漢字 漢字", 9, "漢字 漢字\n  漢字"],
    ["🎉🎉 🎉🎉 ok", 9, "🎉🎉 🎉🎉\n  ok"],
    ["e\u0301e\u0301e\u0301 e\u0301e\u0301e\u0301 x", 7, "e\u0301e\u0301e\u0301 e\u0301e\u0301e\u0301\n  x"],
    ["see https://joblib.example/long", 10, "see\n  https://joblib.example/long"],
    ["  indented text", 10, "  indented\n  text"],
    ["one\ntwo three", 5, "one\ntwo\n  three"],
  ])("wrap breaks %j at %i columns between words, and indents the following lines", (text, width, wrapped) => {
    expect(wrap(text, width, "  ")).toBe(wrapped);
  });
});
