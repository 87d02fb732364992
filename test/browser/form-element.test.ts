import type { FastifyInstance } from "fastify";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { createApp } from "../../examples/form-page/app.ts";
import { Extension, JobManager, type RunContext } from "../../sdk/index.ts";
import { startBrowser } from "./browser.ts";
import { collectPageErrors, findAccessibilityViolations, type PageErrors } from "./form/form-page.ts";

/** Replaces the extension of the example, so that the test needs no chemistry library. */
class Depict extends Extension("chemistry", {
  smiles: z.string().min(1).max(2000),
  width: z.int().min(50).default(300),
}) {
  async run(_: unknown, { progress, log, signal }: RunContext) {
    log.info({ smiles: this.smiles }, "drawing");
    progress(0.5, "half way");
    if (this.smiles === "wait") {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason));
      await promise;
    }
    if (this.smiles === "fail") throw new Error("<b>no such molecule</b>");
    return { svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="40"></svg>` };
  }
}

let app: FastifyInstance;
let jobs: JobManager;
let running: Promise<void>;
let address = "";
let browser: Browser;
let page: Page;
let errors: PageErrors;
const stop = new AbortController();

beforeAll(async () => {
  app = await createApp();
  address = await app.listen({ port: 0 });
  jobs = new JobManager({ url: `${address}/api`, room: "notebook" });
  jobs.register(Depict);
  await jobs.ready();
  running = jobs.run({ signal: stop.signal });
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  stop.abort();
  await running;
  await jobs[Symbol.asyncDispose]();
  await app.close();
});

beforeEach(async () => {
  page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  errors = await collectPageErrors(page);
  await page.addInitScript(() => {
    const events: { name: string; status: string | undefined }[] = [];
    Object.assign(window, { events });
    for (const name of ["joblib-submit", "joblib-update", "joblib-result", "joblib-error"])
      document.addEventListener(name, (event) => {
        const { detail } = event as CustomEvent<{ task?: { status: string } }>;
        events.push({ name, status: detail.task?.status });
      });
  });
  await page.goto(address);
  await page.locator("joblib-form form").waitFor();
});

const readEvents = () =>
  page.evaluate(() => (window as unknown as { events: { name: string; status?: string }[] }).events);

const run = () => page.getByRole("button", { name: "Draw" }).click();

test("three lines of HTML add a form, its task and its result to a page with a strict Content-Security-Policy", async () => {
  await run();
  await page.locator("#gallery img").waitFor();

  expect(await page.locator("#gallery li").textContent()).toBe("CC(=O)Oc1ccccc1C(=O)O");
  expect(await page.getByRole("status").textContent()).toContain("Completed");
  expect(await page.locator("joblib-form img").isVisible()).toBe(true);
  const events = await readEvents();
  expect(events[0]).toEqual({ name: "joblib-submit" });
  expect(events.at(-1)).toEqual({ name: "joblib-result", status: "completed" });
  expect(errors).toEqual([]);
});

test("<joblib-form> shows the progress and the log of a running task, and has a button that cancels the task", async () => {
  await page.getByLabel("Smiles", { exact: true }).fill("wait");
  await run();
  await page.getByText("half way").waitFor();
  await page.getByText("drawing smiles=wait").waitFor();

  await page.getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("status").getByText("Cancelled").waitFor();
  expect((await readEvents()).map(({ status }) => status)).toContain("cancelled");
});

test("<joblib-form> shows the error of a failed task as plain text, and dispatches joblib-error", async () => {
  await page.getByLabel("Smiles", { exact: true }).fill("fail");
  await run();
  await page.getByText("<b>no such molecule</b>").waitFor();

  expect((await readEvents()).at(-1)).toEqual({ name: "joblib-error", status: "failed" });
  expect(errors).toEqual([]);
});

test("<joblib-form> shows an error from the server at its field", async () => {
  const rejection = {
    type: "/v1/problems/validation-error",
    title: "No",
    status: 422,
    detail: "No",
    errors: [{ pointer: "/payload/width", detail: "is taken" }],
  };
  await page.route("**/tasks/**", (route) =>
    route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify(rejection) }),
  );

  await run();

  await page.locator("[data-pointer='/width'] > .jf-error", { hasText: "is taken" }).waitFor();
  expect((await readEvents()).at(-1)).toEqual({ name: "joblib-error" });
});

test("<joblib-form> validates the payload on the server while it is edited", async () => {
  const request = page.waitForRequest("**/validation");
  await page.getByLabel("Width").fill("60");

  expect((await request).postDataJSON()).toEqual({ payload: { smiles: "CC(=O)Oc1ccccc1C(=O)O", width: 60 } });
});

test("<joblib-form> lets the page cancel a submit, and calls getToken for every request", async () => {
  await page.evaluate(() => {
    const element = document.querySelector("joblib-form");
    if (element === null) throw new Error("there is no element");
    let turn = 0;
    Object.assign(element, { getToken: async () => `token-${++turn}` });
    element.addEventListener("joblib-submit", (event) => {
      const { payload } = (event as CustomEvent<{ payload: { smiles: string } }>).detail;
      if (payload.smiles === "secret") event.preventDefault();
    });
  });
  const sent: (string | undefined)[] = [];
  page.on("request", (request) => {
    if (/\/tasks\/notebook/.test(request.url())) sent.push(request.headers()["authorization"]);
  });

  await page.getByLabel("Smiles", { exact: true }).fill("secret");
  await run();
  await page.getByLabel("Smiles", { exact: true }).fill("CCO");
  await run();
  await page.locator("#gallery img").waitFor();

  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatch(/^Bearer token-\d+$/);
});

test("<joblib-form> replaces the form if its `job` attribute changes, and shows the new form when a worker registers the job", async () => {
  class Late extends Extension("chemistry", { colour: z.string() }) {
    async run() {
      return this.colour;
    }
  }
  await page.evaluate(() =>
    document.querySelector("joblib-form")?.setAttribute("job", "notebook:chemistry:Late"),
  );
  await page.getByText("appears as soon as one does").waitFor();
  await using others = new JobManager({ url: `${address}/api`, room: "notebook" });
  others.register(Late);

  await others.ready();

  await page.getByLabel("Colour", { exact: true }).waitFor();
  expect(await page.getByLabel("Smiles", { exact: true }).count()).toBe(0);
});

test("<joblib-form> can still submit a task after it is moved, and shows an error if attributes are missing", async () => {
  await page.evaluate(() => {
    const element = document.querySelector("joblib-form");
    if (element !== null) document.body.append(element, document.createElement("joblib-form"));
  });
  await page.getByText("needs the attributes").waitFor();

  await run();

  await page.locator("#gallery img").waitFor();
});

test("axe-core finds no accessibility violation in the form and its result", async () => {
  await run();
  await page.locator("#gallery img").waitFor();

  expect(await findAccessibilityViolations(page)).toEqual([]);
});
