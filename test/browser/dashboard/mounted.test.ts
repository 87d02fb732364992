import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "../../server/http/api.ts";
import { startBrowser } from "../browser.ts";

let api: Api;
let browser: Browser;
let url: string;

beforeAll(async () => {
  [api, browser] = await Promise.all([openApi({ prefix: "/jobs", dashboard: "/ui" }), startBrowser()]);
  url = await api.app.listen({ port: 0, host: "127.0.0.1" });
});

afterAll(async () => {
  await browser.close();
  await api.close();
});

/**
 * Opens a page of the dashboard as the user `ann`. The host application reads the user from
 * `X-User`.
 */
const open = async (path: string) => {
  const context = await browser.newContext({ extraHTTPHeaders: { "x-user": "ann" } });
  context.setDefaultTimeout(12_000);
  const page = await context.newPage();
  await page.goto(`${url}/jobs/ui${path}`);
  return page;
};

test("an embedded dashboard serves deep links, and all its links begin with the path of the dashboard", async () => {
  const { room, job } = await api.createTask("pending");
  const page = await open(`/rooms/${room}/jobs/${job.full_name}`);
  await page.getByRole("button", { name: "Submit" }).waitFor();

  const links = await page
    .getByRole("link")
    .evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));

  expect(links.filter((link) => !/^(#|\/jobs\/ui(\/|$))/.test(link))).toEqual([]);
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByText("1 in total").waitFor();
  expect(new URL(page.url()).pathname).toBe(`/jobs/ui/rooms/${room}/tasks`);
});

test("a late result is listed in the timeline and can be shown and adopted", async () => {
  const { id, worker } = await api.createTask("running");
  await api.ageWorker(worker);
  await api.sweep();
  await api.update(id, { status: "completed", worker_id: worker, attempt: 1, result: { frames: 3 } });
  const page = await open(`/tasks/${id}`);
  await page.getByText("finished after its lease had expired").waitFor();

  await page.getByText("Show the result").click();
  await page.getByText("frames").waitFor();
  await page.getByRole("button", { name: "Adopt" }).click();
  expect((await api.readTask(id)).status).toBe("failed");
  await page.getByRole("dialog").getByRole("button", { name: "Adopt" }).click();
  await page.getByRole("heading", { level: 1 }).getByText("completed").waitFor();

  expect(await api.readTask(id)).toMatchObject({ status: "completed", result: { frames: 3 } });
});
