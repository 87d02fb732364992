import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPages, type SitePage, waitUntilReady } from "./create-pages.ts";
import { HOSTILE } from "./extensions.ts";
import { type Site, startSite } from "./site.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The results of all checks of one page. */
interface Finding {
  readonly name: string;
  readonly axe: readonly string[];
  readonly axeInDark: readonly string[];
  readonly errors: readonly string[];
  readonly wasHacked: boolean;
  readonly phoneWidth: number;
}

const PHONE = { width: 390, height: 844 };

let site: Site;
let pages: SitePage[];
const findings: Finding[] = [];

/**
 * Returns axe-core's violations of WCAG 2 A, AA and best practices. `rules` limits the check to a
 * few rules.
 */
const audit = (page: Page, rules?: readonly string[]): Promise<string[]> =>
  page.evaluate(async (only) => {
    const axe: { run(options: object): Promise<AxeResults> } = Reflect.get(window, "axe");
    const { violations } = await axe.run(only === null ? {} : { runOnly: only });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
    );
  }, rules ?? null);

const inspect = async (entry: SitePage): Promise<Finding> => {
  const { page, errors } = await site.open(entry.path);
  await waitUntilReady(page, entry);
  // Injects axe-core through the debugger, because the page's Content-Security-Policy blocks
  // scripts of other origins and inline scripts.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const axe = await audit(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const axeInDark = await audit(page, ["color-contrast"]);
  await page.setViewportSize(PHONE);
  const phoneWidth = await page.evaluate(() => document.documentElement.scrollWidth);
  const wasHacked = await page.evaluate(
    () => Reflect.has(window, "hacked") || document.querySelector("img[src='x']") !== null,
  );
  await page.context().close();
  return { name: entry.name, axe, axeInDark, errors: [...errors], wasHacked, phoneWidth };
};

beforeAll(async () => {
  site = await startSite();
  pages = await createPages(site);
  for (const entry of pages) findings.push(await inspect(entry));
}, 240_000);

afterAll(() => site[Symbol.asyncDispose]());

const listErrors = (getErrors: (finding: Finding) => readonly string[]) =>
  findings.flatMap((finding) => getErrors(finding).map((error) => `${finding.name}: ${error}`));

test("every page passes axe-core's checks in the light and in the dark theme", () => {
  expect(findings.length).toBe(pages.length);
  expect(listErrors(({ axe }) => axe)).toEqual([]);
  expect(listErrors(({ axeInDark }) => axeInDark)).toEqual([]);
});

test("no page violates its Content-Security-Policy or logs an error", () => {
  expect(listErrors(({ errors }) => errors)).toEqual([]);
});

test("no page interprets a stored text as HTML", () => {
  expect(findings.filter(({ wasHacked }) => wasHacked)).toEqual([]);
});

test("no page is wider than a phone's screen", () => {
  expect(findings.filter(({ phoneWidth }) => phoneWidth > PHONE.width)).toEqual([]);
});

test("HTML in names, descriptions, errors, logs, payloads and results is shown as text", async () => {
  const shown = async (name: string) => {
    const entry = pages.find((page) => page.name === name);
    if (entry === undefined) throw new Error(`page ${name} not found`);
    const { page } = await site.open(entry.path);
    await waitUntilReady(page, entry);
    return page.locator("main");
  };

  await (await shown("a job of HTML")).getByText(HOSTILE).first().waitFor();
  await (await shown("a failed task")).locator(".task-error").getByText(HOSTILE).waitFor();
  const task = await shown("a task of HTML");
  await task.getByRole("log").getByText(HOSTILE).waitFor();
  await task.locator("dt").getByText(HOSTILE).first().waitFor();
  await task.locator("dd").getByText(HOSTILE).first().waitFor();
});

test("images in a result are rendered, and scripts in them do not run", async () => {
  const entry = pages.find(({ name }) => name === "a task with its result");
  const { page } = await site.open(entry?.path ?? "");
  const images = page.locator(".value-image img");
  await images.nth(1).waitFor();

  const widths = await images.evaluateAll((all) =>
    Promise.all(
      all.map(async (image) => {
        if (!(image instanceof HTMLImageElement)) return 0;
        await image.decode();
        return image.naturalWidth;
      }),
    ),
  );

  expect(widths.toSorted()).toEqual([1, 120]);
  expect(await page.evaluate(() => Reflect.get(window, "hacked"))).toBeUndefined();
  await page.getByRole("columnheader", { name: "molecule" }).waitFor();
  expect(await page.getByRole("cell").allInnerTexts()).toEqual(["ethanol", "46.07", "aspirin", "180.16"]);
});

test("the theme follows the system until the user chooses one, and the choice is stored", async () => {
  const { page } = await site.open("/rooms/lab", { theme: "dark" });
  await page.locator(".job-name").first().waitFor();
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await paper();

  await page.getByRole("button", { name: /^Theme: system/ }).click();
  const light = await paper();
  await page.reload();
  await page.getByRole("button", { name: /^Theme: light/ }).waitFor();

  expect(await paper()).toBe(light);
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: /^Theme: light/ }).click();
  expect(await paper()).toBe(dark);
  await page.getByRole("button", { name: /^Theme: dark/ }).click();
  expect(await paper()).toBe(light);
  expect(dark).not.toBe(light);
});
