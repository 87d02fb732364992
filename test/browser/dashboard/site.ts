import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { inject } from "vitest";
import { type JsonObject, Task } from "../../../protocol/index.ts";
import { JoblibClient } from "../../../sdk/index.ts";
import { end, joblib, serve } from "../../e2e/terminals.ts";
import { createDatabase } from "../../support/postgres.ts";
import type { SpawnedProcess } from "../../support/processes.ts";
import { startBrowser } from "../browser.ts";

const EXTENSIONS = join(import.meta.dirname, "extensions.ts");
/** The job that is registered last. */
const LAST = /public:browser:Html/;

/** A test says what it waited for before the test runner loses its own patience. */
const PATIENCE_MS = 12_000;

/** How a page is looked at. */
export interface Look {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Pixels of the picture for one of the page. */
  readonly sharpness?: number;
}

/** A page, and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Refusals of the page's policy, and errors on its console. */
  readonly faults: readonly string[];
}

/** A real server with its dashboard, a real worker, and a real browser. */
export interface Site extends AsyncDisposable {
  readonly url: string;
  readonly database: string;
  readonly client: JoblibClient;
  readonly browser: Browser;
  /** Submits a task of these tests' jobs, and gives its id. */
  submit(job: string, room: string, payload?: JsonObject): Promise<string>;
  task(id: string): Promise<Task>;
  startWorker(args?: readonly string[], file?: string): Promise<SpawnedProcess>;
  /** Opens a path in a context of its own. */
  open(path: string, look?: Look): Promise<WatchedPage>;
}

/** A worker of these tests' extensions, once it listens. */
const startWorker = async (url: string, args: readonly string[], file: string): Promise<SpawnedProcess> => {
  const worker = joblib(["worker", file, "--public", ...args], { JOBLIB_URL: url });
  await worker.waitForLine(file === EXTENSIONS ? LAST : /listens at/, 30_000);
  return worker;
};

const kill = async (worker: SpawnedProcess) => {
  worker.kill("SIGKILL");
  await worker.exit;
};

const watch = async (page: Page): Promise<string[]> => {
  const faults: string[] = [];
  await page.exposeFunction("tellViolation", (text: string) => faults.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const tell = Reflect.get(window, "tellViolation");
      tell(
        `${event.violatedDirective} refused ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`,
      );
    });
  });
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  return faults;
};

/** Starts all of it; without a worker until one is started. */
export const startSite = async (env: Readonly<Record<string, string>> = {}): Promise<Site> => {
  // A database of the run's PostgreSQL is made faster than an embedded one.
  const database = await createDatabase(inject("postgresUrl"));
  const [{ server, url }, browser] = await Promise.all([
    serve({ JOBLIB_DATABASE_URL: database, ...env }),
    startBrowser(),
  ]);
  const workers: SpawnedProcess[] = [];
  const client = new JoblibClient({ url });
  return {
    url,
    database,
    browser,
    client,
    submit: async (job, room, payload = {}) => {
      const params = { room_id: room, job_name: `public:browser:${job}` };
      const { body } = await client.call("submitTask", { params, body: { payload } });
      return body.id;
    },
    task: async (id) => Task.parse((await client.call("readTask", { params: { task_id: id } })).body),
    startWorker: async (args = [], file = EXTENSIONS) => {
      const worker = await startWorker(url, args, file);
      workers.push(worker);
      return worker;
    },
    open: async (path, { theme = "light", width = 1280, height = 860, sharpness = 1 } = {}) => {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: theme,
        deviceScaleFactor: sharpness,
        locale: "en-GB",
        reducedMotion: "reduce",
      });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const faults = await watch(page);
      await page.goto(url + path);
      return { page, faults };
    },
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      // What they still hold would keep them from an orderly end.
      await Promise.all(workers.map(kill));
      await end(server);
    },
  };
};
