import { expect, test } from "vitest";
import { replaceResults } from "./results-page.ts";

const PAGE = "before\n<!-- cases -->\n<!-- /cases -->\nbetween\n<!-- soak -->\nold\n<!-- /soak -->\nafter\n";
const DAY = new Date("2026-01-02T03:04:05Z");
const rows = [
  ["tasks lost", "0"],
  ["faults injected", "2 × a | b"],
] as const;

test("replaceResults writes a run's results between the marker comments of their kind, and replaces earlier results", () => {
  const once = replaceResults(PAGE, { kind: "cases", command: "npm run x -- --seed 7", rows }, DAY);
  const twice = replaceResults(once, { kind: "cases", command: "npm run x -- --seed 7", rows }, DAY);

  expect(once).toContain("<!-- cases -->\n`npm run x -- --seed 7`, on ");
  expect(once).toContain(
    "2026-01-02:\n\n| result | |\n| --- | --- |\n| tasks lost | 0 |\n| faults injected | 2 × a \\| b |\n<!-- /cases -->",
  );
  expect(once).toContain("<!-- soak -->\nold\n<!-- /soak -->\nafter\n");
  expect(twice).toBe(once);
});

test("replaceResults throws if the page does not contain the marker comments of the results", () => {
  expect(() => replaceResults("nothing", { kind: "soak", command: "", rows })).toThrow("<!-- soak -->");
});

test("the results page shows a value that is too long for a table cell as a paragraph of lines of at most 100 characters", () => {
  const kinds = Array.from({ length: 20 }, (_, index) => `${index} × connection ended`).join(", ");
  const plan = {
    kind: "cases",
    command: "x",
    rows: [["faults injected", kinds], ...rows.slice(0, 1)],
  } as const;

  const [, results = ""] = replaceResults(PAGE, plan, DAY).split(/<!-- .?cases -->\n/);
  const [table = "", paragraph = ""] = results.split("| tasks lost | 0 |\n\n");

  expect(table).not.toContain("faults injected");
  expect(paragraph.trim().replaceAll("\n", " ")).toBe(`faults injected: ${kinds}.`);
  expect(Math.max(...paragraph.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
});
