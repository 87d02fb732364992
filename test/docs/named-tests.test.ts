import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { cases } from "../faults/catalogue.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const files = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" }).map((path) =>
  path.replaceAll("\\", "/"),
);
const PAGES = ["docs/appendix/guarantee-tests.md", "docs/hostile-input.md"];
const FAULT_CATALOGUE = "docs/appendix/fault-catalogue.md";
const NOT_TESTED = "## Cases that are not tested";
/**
 * A test file, optionally with the title of a test or group. A shortened title ends with an
 * ellipsis.
 */
const TEST_REFERENCE = /`([\w/-]+\.(?:test|suite)\.ts)(?: › ([^`]+))?`/g;

const readTestFile = (name: string): string => {
  const found = files.filter((path) => path === name || path.endsWith(`/${name}`));
  expect(found, name).toHaveLength(1);
  return readFileSync(join(ROOT, "test", found[0] ?? ""), "utf8");
};

test.each(PAGES)("every test that %s mentions exists", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8").replace(/\s+/g, " ");
  const references = [...text.matchAll(TEST_REFERENCE)];

  expect(references.length).toBeGreaterThan(20);
  for (const [, name = "", title] of references) {
    const content = readTestFile(name);
    if (title !== undefined) expect(content, `${name} › ${title}`).toContain(title.replace(/ ?…$/, ""));
  }
});

test.each([
  ...PAGES,
  FAULT_CATALOGUE,
])("every fault case that %s mentions exists in the fault suite", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8").split(NOT_TESTED)[0] ?? "";
  const caseNumbers = new Set(cases.map(({ name }) => name.split(" ")[0]));

  for (const [fault] of text.matchAll(/\bF\d+\b/g)) expect(caseNumbers, page).toContain(fault);
});

test("the fault catalogue lists every case of the fault suite and explains every fault that the suite does not inject", () => {
  const injected = new Set(cases.map(({ name }) => name.split(" ")[0] ?? ""));
  const [listed = "", excused = ""] = readFileSync(join(ROOT, FAULT_CATALOGUE), "utf8").split(NOT_TESTED);
  const explained = new Set([...excused.matchAll(/\bF\d+\b/g)].map(([fault]) => fault));

  const unexplained = Array.from({ length: 40 }, (_, index) => `F${index + 1}`).filter(
    (fault) => !injected.has(fault) && !explained.has(fault),
  );
  expect(unexplained).toEqual([]);
  expect([...injected].filter((fault) => !listed.includes(`| ${fault} |`))).toEqual([]);
});

test("docs/hostile-input.md has a row for each of the inputs B1 to B27", () => {
  const text = readFileSync(join(ROOT, "docs/hostile-input.md"), "utf8");
  const missing = Array.from({ length: 27 }, (_, index) => `B${index + 1}`).filter(
    (input) => !new RegExp(`\\b${input}\\b`).test(text),
  );

  expect(missing).toEqual([]);
});
