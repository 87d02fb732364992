/** Strings that have broken parsers, databases, terminals and pages. */
export const STRINGS: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udc00x",
  "\u202eabc",
  "e\u0301",
  "😀".repeat(50),
  "a".repeat(300),
  "x".repeat(70_000),
  "'; drop table task; --",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "../../../etc/passwd",
  "..%2f..%2f",
  "@global",
  "@Global",
  "%40global",
  "public",
  "private",
  "private:a:b",
  "private:a:b:c:d",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "true",
  "NaN",
  "-1",
  "1e400",
  "2026-13-45T99:99:99Z",
  "9999-12-31T23:59:59.999Z",
  "-000001-01-01T00:00:00Z",
  "00000000-0000-0000-0000-000000000000",
  "01900000-0000-7000-8000-00000000000G",
  "\u001b]52;c;aGk=\u0007",
  "line\r\nset-cookie: a=b",
];

/** Numbers at and beyond the usual limits. */
export const NUMBERS: readonly number[] = [
  0, -0, 1, -1, 0.5, 1e-7, 100, -100, 101, 500, 501, 1000, 65_536, 2_147_483_647, 2_147_483_648,
  -2_147_483_649, 9_007_199_254_740_991, 1e16, 1e21, 1e308, -1e308, 5e-324,
];

/** Values of unexpected types and sizes, which replace valid values. */
export const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[[[[]]]]],
  { "": "" },
  { constructor: { prototype: { polluted: true } } },
  Array.from({ length: 1_001 }, () => ({})),
  Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`key${index}`, index])),
];

/** Texts that are sent as the whole body. JSON.stringify cannot produce most of them. */
export const BODY_TEXTS: readonly string[] = [
  "{",
  "[1,]",
  '{"a":NaN}',
  '{"a":1e999}',
  '{"a":12345678901234567890}',
  '{"a":"\\ud800"}',
  '{"a":"\\u0000"}',
  '{"__proto__":{"polluted":true}}',
  "\ufeff{}",
  `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
  `{"a":${"[".repeat(129)}${"]".repeat(129)}}`,
  "true",
  '"text"',
  "\u0001",
];
