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

/** A page of the dashboard as the host's user sees it: the host's proxy says who that is. */
const open = async (path: string) => {
  const context = await browser.newContext({ extraHTTPHeaders: { "x-user": "ann" } });
  context.setDefaultTimeout(12_000);
  const page = await context.newPage();
  await page.goto(`${url}/jobs/ui${path}`);
  return page;
};

test("in a host's application a deep link shows its page, and every link stays below the dashboard's path", async () => {
  const { room, job } = await api.aTask("pending");
  const page = await open(`/rooms/${room}/jobs/${job.full_name}`);
  await page.getByRole("button", { name: "Submit" }).waitFor();

  const links = await page
    .getByRole("link")
    .evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));

  expect(links.filter((link) => !/^(#|\/jobs\/ui(\/|$))/.test(link))).toEqual([]);
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByText("1 in all").waitFor();
  expect(new URL(page.url()).pathname).toBe(`/jobs/ui/rooms/${room}/tasks`);
});

test("a result that came too late is told in the timeline, looked at, and adopted after a question", async () => {
  const { id, worker } = await api.aTask("running");
  await api.ageWorker(worker);
  await api.sweep();
  await api.update(id, { status: "completed", worker_id: worker, attempt: 1, result: { frames: 3 } });
  const page = await open(`/tasks/${id}`);
  await page.getByText("came to this after its worker had been given up").waitFor();

  await page.getByText("Look at it").click();
  await page.getByText("frames").waitFor();
  await page.getByRole("button", { name: "Adopt" }).click();
  expect((await api.readTask(id)).status).toBe("failed");
  await page.getByRole("button", { name: "Adopt it" }).click();
  await page.getByRole("heading", { level: 1 }).getByText("completed").waitFor();

  expect(await api.readTask(id)).toMatchObject({ status: "completed", result: { frames: 3 } });
});
