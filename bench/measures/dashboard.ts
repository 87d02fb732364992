import { setTimeout as delay } from "node:timers/promises";
import { JoblibClient } from "joblib";
import type { Browser, Page } from "playwright-core";
import { startBrowser } from "../../test/browser/browser.ts";
import { ROOM, type ServerAddress } from "../services/joblib-server.ts";
import { median } from "../statistics.ts";
import { createSeededDatabase } from "./growth.ts";
import type { Measure } from "./measure.ts";
import { openProducer, openWorker } from "./roles.ts";
import { createSetup } from "./setup.ts";

const TASKS = 100_000;
const OPEN_COUNT = 5;
/**
 * The load: 1,000 tasks per second are submitted and completed. Each task causes one or two events,
 * because the server combines changes that follow each other quickly.
 */
const LOAD = { batch: 20, intervalMs: 20 };
const MIN_EVENTS_PER_SECOND = 950;
const WARM_UP_MS = 3000;
const FRAMES_SECONDS = 8;

/**
 * Opens the room's task list in a browser without a cache. Returns the seconds until the first task
 * is visible.
 */
const openTasks = async (
  browser: Browser,
  { url, token }: ServerAddress,
): Promise<{ page: Page; seconds: number }> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  await context.addInitScript(`sessionStorage.setItem("joblib-token", ${JSON.stringify(token)})`);
  const page = await context.newPage();
  const startedAt = performance.now();
  await page.goto(`${url}/rooms/${ROOM}/tasks`, { waitUntil: "commit" });
  await page.locator(".task-row").first().waitFor();
  return { page, seconds: (performance.now() - startedAt) / 1000 };
};

/**
 * Opens the task list several times and returns the median. The first time only warms up the server
 * and is not counted.
 */
const measureFirstContent = async (browser: Browser, server: ServerAddress): Promise<number> => {
  const seconds: number[] = [];
  for (let i = 0; i <= OPEN_COUNT; i += 1) {
    const opened = await openTasks(browser, server);
    await opened.page.context().close();
    if (i > 0) seconds.push(opened.seconds);
  }
  return median(seconds);
};

/** Returns the number of task events that the server sends until the signal is aborted. */
const countEvents = async (server: ServerAddress, signal: AbortSignal): Promise<number> => {
  const client = new JoblibClient({ url: server.url, token: server.token });
  let count = 0;
  try {
    for await (const { event } of client.follow("followRoom", { room_id: ROOM }, { signal })) {
      if (event === "task") count += 1;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return count;
};

/**
 * Counts the animation frames of a page. The code is a string, because this program does not
 * include the types of browser APIs.
 */
const countFrames = (page: Page, seconds: number): Promise<number> =>
  page.evaluate<number>(`new Promise((resolve) => {
    const end = performance.now() + ${seconds * 1000};
    let frames = 0;
    const next = (time) => {
      frames += 1;
      if (time < end) requestAnimationFrame(next);
      else resolve(frames);
    };
    requestAnimationFrame(next);
  })`);

/**
 * Measures how long a user waits for the task list of a large room, and whether the page renders
 * smoothly under load.
 */
export const dashboard: Measure = {
  units: { "dashboard, first content": "s", "dashboard, frames": "fps", "dashboard, events": "events/s" },
  timeoutSeconds: 180,
  isOnce: true,
  async run(bench) {
    const existing = { status: "completed", job: "Noop", rows: TASKS } as const;
    const copyOf = await createSeededDatabase(bench, "dashboard", existing);
    await using setup = await createSetup(bench, "joblib", { copyOf });
    const { endpoints } = setup;
    await using open = new AsyncDisposableStack();
    const browser = await startBrowser();
    open.defer(() => browser.close());
    const firstContent = await measureFirstContent(browser, endpoints);

    const role = { subject: "joblib", setting: "fast", endpoints } as const;
    const worker = open.use(await openWorker(role));
    const producer = open.use(await openProducer(role));
    const { page } = await openTasks(browser, endpoints);
    await worker.call("start");
    const load = producer.call("steady", { ...LOAD, seconds: WARM_UP_MS / 1000 + FRAMES_SECONDS });
    await delay(WARM_UP_MS);
    const ended = new AbortController();
    const counting = countEvents(endpoints, ended.signal);
    const startedAt = performance.now();
    const frames = await countFrames(page, FRAMES_SECONDS);
    const seconds = (performance.now() - startedAt) / 1000;
    ended.abort();
    const events = (await counting) / seconds;
    await load;
    if (!bench.isQuick && events < MIN_EVENTS_PER_SECOND) {
      throw new Error(`the dashboard received only ${Math.round(events)} events per second`);
    }
    return {
      "dashboard, first content": firstContent,
      "dashboard, frames": frames / seconds,
      "dashboard, events": events,
    };
  },
};
