import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { expect, inject, onTestFailed } from "vitest";
import { type JsonObject, Task } from "../../../protocol/index.ts";
import { JoblibClient } from "../../../sdk/index.ts";
import { end, joblib, serve } from "../../e2e/terminals.ts";
import { createDatabase } from "../../support/postgres.ts";
import type { SpawnedProcess } from "../../support/processes.ts";
import { startBrowser } from "../browser.ts";

const EXTENSIONS = join(import.meta.dirname, "extensions.ts");
/** Matches the line in which the worker prints the last job that it registers. */
const LAST_REGISTRATION = /public:browser:Html/;

/**
 * Maximum time for an action on a page. It is shorter than the test runner's timeout, so that the
 * error message contains the action that failed.
 */
const TIMEOUT_MS = 12_000;

export interface PageOptions {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Device pixels per CSS pixel. */
  readonly deviceScaleFactor?: number;
}

export interface WatchedPage {
  readonly page: Page;
  /** Violations of the Content-Security-Policy, and errors on the console. */
  readonly errors: readonly string[];
}

/** A real server with its dashboard, real workers, and a real browser. */
export interface Site extends AsyncDisposable {
  readonly url: string;
  readonly database: string;
  readonly client: JoblibClient;
  readonly browser: Browser;
  /** Submits a task of one of the test's jobs and returns its id. */
  submit(job: string, room: string, payload?: JsonObject): Promise<string>;
  task(id: string): Promise<Task>;
  startWorker(args?: readonly string[], file?: string): Promise<SpawnedProcess>;
  /** Opens a path in a new browser context. */
  open(path: string, options?: PageOptions): Promise<WatchedPage>;
}

/** Starts a worker with the extensions of a file, and waits until the worker is connected. */
const startWorker = async (url: string, args: readonly string[], file: string): Promise<SpawnedProcess> => {
  const worker = joblib(["worker", file, "--public", ...args], { JOBLIB_URL: url });
  await worker.waitForLine(file === EXTENSIONS ? LAST_REGISTRATION : /is connected to/, 30_000);
  return worker;
};

const kill = async (worker: SpawnedProcess) => {
  worker.kill("SIGKILL");
  await worker.exit;
};

const watch = async (page: Page): Promise<string[]> => {
  const errors: string[] = [];
  await page.exposeFunction("reportViolation", (text: string) => errors.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const report = Reflect.get(window, "reportViolation");
      report(
        `${event.violatedDirective} refused ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`,
      );
    });
  });
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  return errors;
};

/**
 * Prints what the page showed and what the processes printed last, so that a failure in CI can be
 * explained.
 */
const printState = async (page: Page, errors: readonly string[], processes: readonly SpawnedProcess[]) => {
  const text = await page.innerText("body").catch((error: unknown) => `not readable: ${error}`);
  console.error(`${page.url()} showed:\n${text}\nerrors of the page: ${errors.join("\n")}`);
  for (const { pid, stdout, stderr } of processes) {
    console.error(`process ${pid}:\n${`${stdout()}${stderr()}`.slice(-2_000)}`);
  }
};

/** Starts a server and a browser. Tests start workers themselves. */
export const startSite = async (env: Readonly<Record<string, string>> = {}): Promise<Site> => {
  // Creating a database on the shared PostgreSQL is faster than starting an embedded database.
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
    open: async (path, { theme = "light", width = 1280, height = 860, deviceScaleFactor = 1 } = {}) => {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: theme,
        deviceScaleFactor,
        locale: "en-GB",
        reducedMotion: "reduce",
      });
      context.setDefaultTimeout(TIMEOUT_MS);
      const page = await context.newPage();
      const errors = await watch(page);
      // `onTestFailed` works only inside a test, but hooks open pages too.
      if (expect.getState().currentTestName !== undefined) {
        onTestFailed(() => printState(page, errors, [server, ...workers]));
      }
      await page.goto(url + path);
      return { page, errors };
    },
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      // Workers are killed, because a worker may still run a task that never ends.
      await Promise.all(workers.map(kill));
      await end(server);
    },
  };
};
