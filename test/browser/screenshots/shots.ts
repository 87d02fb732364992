import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PageOptions, type Site, startSite } from "../dashboard/site.ts";
import { createScene, type Scene } from "./scene.ts";

const PICTURES = join(import.meta.dirname, "../../../docs/screenshots");
const MAX_BYTES = 200_000;

let site: Site;
let scene: Scene;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  site = await startSite();
  scene = await createScene(site);
}, 240_000);

afterAll(() => site[Symbol.asyncDispose]());

interface Shot {
  readonly name: string;
  readonly path: () => string;
  readonly options?: PageOptions;
  readonly ready: (page: Page) => Promise<unknown>;
}

const shots: readonly Shot[] = [
  { name: "jobs", path: () => "/rooms/lab", ready: (page) => page.getByText("p95").nth(3).waitFor() },
  {
    name: "job",
    path: () => `/rooms/lab/jobs/public:simulation:Anneal?task=${scene.running}`,
    ready: async (page) => {
      await page.getByRole("button", { name: "Submit" }).waitFor();
      await page.locator(".log-line").nth(3).waitFor();
    },
  },
  {
    name: "task",
    path: () => `/tasks/${scene.annealed}`,
    ready: (page) => page.locator(".value-image").waitFor(),
  },
  {
    name: "task-dark",
    path: () => `/tasks/${scene.picture}`,
    options: { theme: "dark" },
    ready: (page) => page.locator(".value-image").waitFor(),
  },
  {
    name: "why",
    path: () => `/tasks/${scene.waiting}`,
    ready: (page) => page.locator(".diagnosis dd").first().waitFor(),
  },
  {
    name: "tasks",
    path: () => "/rooms/lab/tasks",
    ready: (page) => page.locator(".task-row").nth(9).waitFor(),
  },
  {
    name: "health",
    path: () => "/rooms/lab/health",
    options: { theme: "dark" },
    ready: (page) => page.locator(".plot-bar").first().waitFor(),
  },
  {
    name: "phone",
    path: () => "/rooms/lab/tasks",
    options: { width: 390, height: 844 },
    ready: (page) => page.locator(".task-row").nth(5).waitFor(),
  },
];

test.each(shots)("the page of the screenshot “$name” has no errors", async ({
  name,
  path,
  options,
  ready,
}) => {
  const { page, errors } = await site.open(path(), { height: 820, ...options, deviceScaleFactor: 1.5 });
  await ready(page);
  await page.waitForLoadState("networkidle", { timeout: 1500 }).catch(() => undefined);
  const file = join(PICTURES, `${name}.png`);
  await page.screenshot({ path: file });

  expect(statSync(file).size).toBeLessThan(MAX_BYTES);
  expect(errors).toEqual([]);
});
