import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { cases } from "../faults/catalogue.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const files = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" }).map((path) =>
  path.replaceAll("\\", "/"),
);
const PAGES = ["docs/guarantees.md", "docs/hostile-input.md"];
/** A file of tests, and the beginning of a test's or a group's name, up to an ellipsis. */
const NAMED = /`([\w/-]+\.(?:test|suite)\.ts)(?: › ([^`]+))?`/g;

const fileOf = (name: string): string => {
  const found = files.filter((path) => path === name || path.endsWith(`/${name}`));
  expect(found, name).toHaveLength(1);
  return readFileSync(join(ROOT, "test", found[0] ?? ""), "utf8");
};

test.each(PAGES)("%s names tests that are there", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8").replace(/\s+/g, " ");
  const named = [...text.matchAll(NAMED)];

  expect(named.length).toBeGreaterThan(20);
  for (const [, name = "", title] of named) {
    const content = fileOf(name);
    if (title !== undefined) expect(content, `${name} › ${title}`).toContain(title.replace(/ ?…$/, ""));
  }
});

test.each(PAGES)("%s names faults that are made", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8").split("### Cases that are not made here")[0] ?? "";
  const made = new Set(cases.map(({ name }) => name.split(" ")[0]));

  for (const [fault] of text.matchAll(/\bF\d+\b/g)) expect(made, page).toContain(fault);
});

test("every fault of the catalogue is made, or said not to be made, with the reason", () => {
  const made = new Set(cases.map(({ name }) => name.split(" ")[0]));
  const text =
    readFileSync(join(ROOT, "docs/guarantees.md"), "utf8").split("### Cases that are not made here")[1] ?? "";
  const told = new Set([...text.matchAll(/\bF\d+\b/g)].map(([fault]) => fault));

  const missing = Array.from({ length: 40 }, (_, index) => `F${index + 1}`).filter(
    (fault) => !made.has(fault) && !told.has(fault),
  );
  expect(missing).toEqual([]);
});

test("every hostile input of the catalogue has its row", () => {
  const text = readFileSync(join(ROOT, "docs/hostile-input.md"), "utf8");
  const missing = Array.from({ length: 27 }, (_, index) => `B${index + 1}`).filter(
    (input) => !new RegExp(`\\b${input}\\b`).test(text),
  );

  expect(missing).toEqual([]);
});
