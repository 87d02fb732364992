import type { Page } from "playwright-core";
import { eventually } from "../../support/eventually.ts";
import type { Site } from "./site.ts";

/** A page of the dashboard, and a selector that matches an element once the page is complete. */
export interface SitePage {
  readonly name: string;
  readonly path: string;
  readonly ready: string;
}

/** Fills a site with data and returns every page of its dashboard. */
export const createPages = async (site: Site): Promise<SitePage[]> => {
  await site.startWorker(["--name", "laptop"]);
  const [shown, failed, html] = await Promise.all([
    site.submit("Show", "lab"),
    site.submit("Html", "lab", { text: "fail" }),
    site.submit("Html", "lab"),
  ]);
  const ended = async () =>
    Promise.all([shown, failed, html].map(async (id) => (await site.task(id)).completed_at));
  await eventually(ended, (times) => times.every((at) => at !== null), { timeoutMs: 15_000 });
  const running = await site.submit("Sleep", "lab");
  await eventually(
    () => site.task(running),
    ({ status }) => status === "running",
    { timeoutMs: 15_000 },
  );
  const waiting = await site.submit("Greet", "lab", { name: "patience" });
  const { body } = await site.client.call("listRoomWorkers", { params: { room_id: "lab" }, query: {} });
  return [
    { name: "the rooms", path: "/", ready: ".room-row" },
    { name: "a room's jobs", path: "/rooms/lab", ready: ".job-name" },
    { name: "a room without jobs", path: "/rooms/@global/tasks?q=nothing", ready: ".empty" },
    { name: "a job", path: "/rooms/lab/jobs/public:browser:Greet", ready: ".jf-form" },
    {
      name: "a job with its task",
      path: `/rooms/lab/jobs/public:browser:Show?task=${shown}`,
      ready: ".value-image",
    },
    { name: "a job of HTML", path: "/rooms/lab/jobs/public:browser:Html", ready: ".jf-form" },
    { name: "the tasks", path: "/rooms/lab/tasks", ready: ".task-row" },
    { name: "a task with its result", path: `/tasks/${shown}`, ready: ".value-image" },
    { name: "a failed task", path: `/tasks/${failed}`, ready: ".task-error" },
    { name: "a task of HTML", path: `/tasks/${html}`, ready: ".record" },
    { name: "a running task", path: `/tasks/${running}`, ready: ".progress" },
    { name: "a pending task", path: `/tasks/${waiting}`, ready: ".diagnosis dd" },
    { name: "the workers", path: "/rooms/lab/workers", ready: ".worker-row" },
    { name: "a worker", path: `/workers/${body.items[0]?.id}`, ready: ".current-tasks" },
    { name: "the health", path: "/rooms/lab/health", ready: ".stats" },
    { name: "an unknown URL", path: "/nowhere", ready: ".empty" },
  ];
};

export const waitUntilReady = async (page: Page, { ready }: SitePage): Promise<void> => {
  await page.locator(ready).first().waitFor();
  await page.evaluate(() => document.fonts.ready);
};
