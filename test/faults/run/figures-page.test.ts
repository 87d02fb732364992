import { expect, test } from "vitest";
import { withFigures } from "./figures-page.ts";

const PAGE = "before\n<!-- cases -->\n<!-- /cases -->\nbetween\n<!-- soak -->\nold\n<!-- /soak -->\nafter\n";
const DAY = new Date("2026-01-02T03:04:05Z");
const rows = [
  ["lost", "0"],
  ["faults made", "2 × a | b"],
] as const;

test("a run's figures stand in their own place of the page, and what was there is replaced", () => {
  const once = withFigures(PAGE, { kind: "cases", command: "npm run x -- --seed 7", rows }, DAY);
  const twice = withFigures(once, { kind: "cases", command: "npm run x -- --seed 7", rows }, DAY);

  expect(once).toContain("<!-- cases -->\n`npm run x -- --seed 7`, on ");
  expect(once).toContain(
    "2026-01-02:\n\n| figure | |\n| --- | --- |\n| lost | 0 |\n| faults made | 2 × a \\| b |\n<!-- /cases -->",
  );
  expect(once).toContain("<!-- soak -->\nold\n<!-- /soak -->\nafter\n");
  expect(twice).toBe(once);
});

test("a page without a place for them is an error", () => {
  expect(() => withFigures("nothing", { kind: "soak", command: "", rows })).toThrow("<!-- soak -->");
});
