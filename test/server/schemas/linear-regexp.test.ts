import { describe, expect, test } from "vitest";
import { compileSchema } from "../../../server/schemas/compile-schema.ts";
import { createFormats } from "../../../server/schemas/linear-formats.ts";
import { createRegExpEngine, findPatternError } from "../../../server/schemas/patterns/linear-regexp.ts";
import { StepMeter } from "../../../server/schemas/step-meter.ts";
import { getCpuTime } from "../../support/cpu-time.ts";

const createUnlimitedMeter = () => {
  const meter = new StepMeter();
  meter.start(Number.POSITIVE_INFINITY);
  return meter;
};

describe("patterns", () => {
  test("the pattern of a schema is checked for every property that has one", () => {
    const validate = compileSchema({ properties: { a: { pattern: "^a+$" }, b: { pattern: "^b+$" } } });

    expect(validate({ a: "aa", b: "bb" })).toEqual([]);
    expect(validate({ a: "aa", b: "aa" }).map(({ pointer }) => pointer)).toEqual(["/b"]);
    expect(validate({ a: "bb", b: "bb" }).map(({ pointer }) => pointer)).toEqual(["/a"]);
  });

  test.each([
    "^(a+)+$",
    "^(a|a)*$",
    "(x+x+)+y",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(.*)*=",
  ])("a pattern is matched in linear time: %s", (pattern) => {
    const engine = createRegExpEngine(createUnlimitedMeter())(pattern);
    const started = getCpuTime();

    engine.test(`${"a".repeat(100_000)}!`);

    expect(getCpuTime() - started).toBeLessThan(500);
  });

  test.each([
    ["^\\u00e9$", "é"],
    ["^[\\u4e00-\\u9fff]+$", "分子"],
    ["^\\p{Letter}+$", "Ångström"],
    ["^\\p{Script=Greek}$", "λ"],
    ["^a\\sb$", "a\u00a0b"],
    ["^[\\s]+$", "\u2028\v "],
    ["^(?<year>\\d{4})$", "2026"],
    ["\\/", "/"],
  ])("a pattern matches the same texts as in ECMAScript: %s", (pattern, text) => {
    expect(findPatternError(pattern)).toBeUndefined();
    expect(createRegExpEngine(createUnlimitedMeter())(pattern).test(text)).toBe(true);
    expect(createRegExpEngine(createUnlimitedMeter())(pattern).test("\u0000")).toBe(false);
  });

  test("a match of a pattern that would exceed the step budget fails before it starts", () => {
    const meter = new StepMeter();
    meter.start(1000);

    expect(() => createRegExpEngine(meter)("^[a-z]+$").test("a".repeat(100_000))).toThrow("step budget");
  });
});

describe("formats", () => {
  const formats = createFormats(createUnlimitedMeter());
  const megabyte = 1_000_000;
  const slowTexts = [
    "a-",
    "a.",
    "a@",
    "/",
    "%20",
    "http://",
    "a:",
    "{a}",
    "{a,",
    "1",
    "t",
    "12:00:00.1",
    "~0/",
    "[",
    "\n",
    "1:",
  ].flatMap((part) => [
    part.repeat(megabyte / part.length),
    part.repeat(Math.floor(10_000 / part.length)),
    `x://${part.repeat(2400)}^`,
  ]);

  test.each(
    Object.keys(formats),
  )("the format %s is checked quickly, even for texts that maximize backtracking", (name) => {
    const format = formats[name];
    if (typeof format !== "function") return;
    for (const text of slowTexts) {
      const started = getCpuTime();
      format(text);
      expect(getCpuTime() - started).toBeLessThan(200);
    }
  });

  test.each([
    ["uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"],
    ["date-time", "2026-02-28T23:59:59.5+01:00", "2026-02-30T00:00:00Z"],
    ["date", "2024-02-29", "2023-02-29"],
    ["email", "a@example.org", "a@"],
    ["uri", "https://example.org/a?b#c", "example"],
    ["ipv4", "10.0.0.1", "10.0.0.256"],
    ["ipv6", "::1", ":::"],
    ["duration", "P3DT4H", "3 days"],
    ["byte", "YWJj", "YW=j"],
    ["hostname", "example.org", "-"],
  ])("the format %s accepts %s and rejects %s", (format, valid, invalid) => {
    const validate = compileSchema({ properties: { a: { format } } });

    expect(validate({ a: valid })).toEqual([]);
    expect(validate({ a: invalid })).toEqual([{ pointer: "/a", detail: `must be a valid ${format}` }]);
    expect(validate({ a: 1 })).toEqual([]);
  });

  test.each([
    ["date-time", "2024-01-01T00:00:00"],
    ["date-time", "2024-01-01 00:00:00.123456"],
    ["iso-date-time", "2024-01-01T00:00"],
    ["time", "12:30:00"],
    ["time", "12:30"],
    ["duration", "-P1DT0.5S"],
    ["email", "müller@exämple.de"],
    ["uri", "https://例え.jp/ä"],
    ["uri", "postgres://user:pw@a:5432,b:5432/db"],
    ["uri", "mailto:a@example.org"],
    ["ipv6", "fe80::1%eth0"],
    ["regex", "(?P<year>\\d{4})\\Z"],
  ])("the format %s accepts %s", (format, text) => {
    expect(compileSchema({ properties: { a: { format } } })({ a: text })).toEqual([]);
  });

  test.each([
    ["date-time", "2024-01-01"],
    ["time", "24:00:00"],
    ["iso-date-time", "yesterday"],
    ["uri", "example"],
    ["uri", "https://exa mple.org"],
    ["email", "ä"],
  ])("the format %s rejects %s", (format, text) => {
    const errors = compileSchema({ properties: { a: { format } } })({ a: text });

    expect(errors).toEqual([{ pointer: "/a", detail: `must be a valid ${format}` }]);
  });

  test("the format uri accepts a data: URI of one megabyte", () => {
    const validate = compileSchema({ properties: { a: { type: "string", format: "uri" } } });

    expect(validate({ a: `data:image/png;base64,${"A".repeat(megabyte)}` })).toEqual([]);
  });

  test("an unknown format is an annotation", () => {
    expect(compileSchema({ properties: { a: { format: "colour" } } })({ a: "x" })).toEqual([]);
  });
});
