import { expect, test } from "vitest";
import { toSafePattern } from "../../../protocol/schema/safe-pattern.ts";

test.each([
  "^[a-z]+$",
  "^\\d{4}-\\d{2}$",
  "[A-Z]{2,8}",
  "^a+b+$",
  "^(?:cat|dog)$",
  "\\(+",
])("%s runs in the browser", (pattern) => {
  expect(toSafePattern(pattern)).toBe(pattern);
});

test.each([
  "^(a+)+$",
  "^(a|a)*$",
  "a*a*a*b",
  "(?:ab){2,}",
  "(a)\\1",
  "(?=a)",
  "(?<!a)b",
  "[",
  "a".repeat(300),
  "\\p{Nonsense}",
  42,
])("%s is left to the server", (pattern) => {
  expect(toSafePattern(pattern)).toBeUndefined();
});
