import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createRegExpEngine,
  findPatternError,
  PATTERN_LIMITS,
} from "../../../server/schemas/linear-regexp.ts";
import { compileProgram } from "../../../server/schemas/pattern-program.ts";
import { runPattern } from "../../../server/schemas/run-pattern.ts";
import { OutOfStepsError, StepMeter } from "../../../server/schemas/step-meter.ts";
import { getCpuTime } from "../../support/cpu-time.ts";

const startMeter = (steps = Number.POSITIVE_INFINITY) => {
  const meter = new StepMeter();
  meter.start(steps);
  return meter;
};
const matches = (pattern: string, text: string, steps?: number) =>
  runPattern(compileProgram(pattern, PATTERN_LIMITS.instructions), text, startMeter(steps));

const leaf = fc.constantFrom(
  ...[
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "\\d",
    "\\w",
    "\\S",
    "\\b",
    "\\B",
    "^",
    "$",
    "\\1",
    "\\2",
    "\\k<n>",
    "é",
  ],
);
const { pattern: anyPattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => a + b),
    fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(?:${a}|${b})`),
    tie("pattern").map((inner) => `(${inner})`),
    fc
      .tuple(fc.constantFrom("?=", "?!", "?<=", "?<!", "?i:"), tie("pattern"))
      .map(([kind, inner]) => `(${kind}${inner})`),
    fc
      .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?"))
      .map(([inner, count]) => `(?:${inner})${count}`),
  ),
}));
// Without surrogate pairs: V8 begins matches in the middle of one, which ECMAScript does not.
const anyText = fc
  .array(fc.constantFrom("a", "b", "A", "1", " ", "é"), { maxLength: 7 })
  .map((characters) => characters.join(""));

describe("a pattern that RE2 cannot run", () => {
  test("matches what V8 matches", () => {
    fc.assert(
      fc.property(anyPattern, anyText, (pattern, text) => {
        const expected = compileLikeAjv(pattern);
        fc.pre(expected !== undefined);

        expect(matches(pattern, text)).toBe(expected?.test(text));
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ["pydantic's Decimal", "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$", ["1.5", "-0.1", "+2"], ["", "-", ".", "1e5"]],
    [
      "zod's email",
      "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
      ["a@example.org"],
      ["a..b@example.org", ".a@example.org"],
    ],
    ["a password", "^(?=.*[A-Z])(?=.*\\d).{8,}$", ["abcdefG1"], ["abcdefgh", "aG1"]],
    ["a backreference", "^(['\"]).*\\1$", ["'a'", '"a"'], ["'a\""]],
    ["a named one", "^(?<q>['\"]).*\\k<q>$", ["'a'"], ["'a\""]],
    ["Python's spelling", "(?i)\\A(?P<q>['\"])x(?P=q)(?<!y)\\Z", ["'X'"], ["'x' ", "'x\""]],
    ["a lookbehind", "(?<=\\$)\\d+(?<!0)$", ["$15"], ["15", "$10"]],
    ["a Unicode property that RE2 lacks", "^\\p{Emoji}+$", ["😀"], ["a"]],
    ["a surrogate pair", "^(?=.$)(?<!x)[😀-😂]$", ["😁"], ["😁😁", "x"]],
    ["a surrogate pair, backwards", "^.*(?<=^.[😀-😂]b)$", ["a😁b", "😁😁b"], ["😁b"]],
    ["an inner flag", "^(?!x)(?i:abc)$", ["aBc"], ["abd"]],
    ["a count beyond RE2's", "^.{1,2000}$", ["a"], [""]],
  ])("works for %s", (_, pattern, right, wrong) => {
    expect(findPatternError(pattern)).toBeUndefined();
    const engine = createRegExpEngine(startMeter())(pattern);

    expect(right.filter((text) => !engine.test(text))).toEqual([]);
    expect(wrong.filter((text) => engine.test(text))).toEqual([]);
  });

  test.each([
    ["^(?!x)(a+)+$", `${"a".repeat(100_000)}!`],
    ["(?=(a+)+b)", "a".repeat(100_000)],
    ["^(.+)\\1+$", "ab".repeat(50_000)],
    ["(a*)*\\1b", "a".repeat(100_000)],
    ["((a)|(b)|(c))*\\2\\3\\4d", "abc".repeat(30_000)],
    ["(?=.*(?=.*(?=.*(?=.*x))))y", "a".repeat(100_000)],
    ["(?<=a.*)b$", `${"ab".repeat(50_000)}c`],
    [`(?!${"[\\p{L}\\p{N}]".repeat(70)})x`, "é".repeat(100_000)],
    ["(?i:[^\\W\\d_\\p{Lu}])+(?!z)\\d", "éÉ".repeat(100_000)],
  ])("%s ends within its steps, and the steps within their time", (pattern, text) => {
    const started = getCpuTime();

    expect(() => matches(pattern, text, 500_000)).toThrow(OutOfStepsError);
    // Some 60 ms on an idle machine.
    expect(getCpuTime() - started).toBeLessThan(500);
  });

  test("is read in bounded time, however it nests", () => {
    const hostile = [
      `${"(".repeat(490)}(?=a)${")*".repeat(490)}`,
      `${"(?=".repeat(240)}${")".repeat(240)}`,
      "(?=(((a{99}){99}){99}){99})",
      "(?=((){9999}){9999})",
      `(?=${"[\\p{L}--a]".repeat(90)})`,
      "(?=a{1000000000})",
    ];
    const started = getCpuTime();

    for (const pattern of hostile) findPatternError(pattern);

    expect(getCpuTime() - started).toBeLessThan(1000);
  });
});

describe("a pattern is refused", () => {
  test.each([
    ["(?=(((a{99}){99}){99}){99})", /too many repetitions/],
    ["(?=((){9999}){9999})", /too many repetitions/],
    ["(", /not an ECMAScript regular expression/],
    ["a**", /not an ECMAScript regular expression/],
    ["(?>a)b", /not an ECMAScript regular expression/],
    ["a".repeat(1001), /shorten it to 1000/],
  ])("if it is %j", (pattern, detail) => {
    expect(findPatternError(pattern)).toMatch(detail);
  });
});

function compileLikeAjv(pattern: string): RegExp | undefined {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // Not every generated pattern is one.
    }
  }
  return undefined;
}
