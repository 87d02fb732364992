import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import Fastify from "fastify";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import type { JsonObject } from "../../../protocol/index.ts";
import formConfig from "../../../web/form/vite.config.ts";
import { startBrowser } from "../browser.ts";

/**
 * The Content-Security-Policy of the test page. Its rules for scripts, styles, images and
 * connections are those of the dashboard.
 */
export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none'";

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A form</title>
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><link rel="stylesheet" href="/mount.css"></head>
<body><main></main><script type="module" src="/mount.js"></script></body></html>`;

const TYPES: Record<string, string> = { js: "text/javascript", css: "text/css" };
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Errors of a page and violations of its Content-Security-Policy. */
export type PageErrors = readonly string[];

/** Returns a list to which the page's later errors and policy violations are added. */
export const collectPageErrors = async (page: Page): Promise<PageErrors> => {
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  return errors;
};

/** Returns the accessibility violations that axe-core finds. */
export const findAccessibilityViolations = async (page: Page): Promise<string[]> => {
  // `evaluate` bypasses the page's Content-Security-Policy.
  await page.evaluate(readFileSync(AXE, "utf8"));
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const rules = { region: { enabled: false }, "page-has-heading-one": { enabled: false } };
    const { violations } = await axe.run({ runOnly: { type: "tag", values: tags }, rules });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
};

/**
 * Builds the page for production: the development build of React, which NODE_ENV=test selects, is
 * three times slower.
 */
const buildMount = async (directory: string): Promise<void> => {
  const environment = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  try {
    await build({
      ...formConfig,
      configFile: false,
      logLevel: "error",
      root: import.meta.dirname,
      build: {
        ...formConfig.build,
        outDir: directory,
        emptyOutDir: true,
        cssCodeSplit: false,
        rolldownOptions: {
          ...formConfig.build?.rolldownOptions,
          input: join(import.meta.dirname, "mount.tsx"),
          output: { entryFileNames: "mount.js", assetFileNames: "mount.[ext]", format: "es" },
        },
      },
    });
  } finally {
    if (environment === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = environment;
  }
};

/** A server and a browser for pages with a form, built for production. */
export class FormPages implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #stack: AsyncDisposableStack;
  readonly #address: string;

  private constructor(browser: Browser, address: string, stack: AsyncDisposableStack) {
    this.#browser = browser;
    this.#address = address;
    this.#stack = stack;
  }

  static async start(): Promise<FormPages> {
    await using stack = new AsyncDisposableStack();
    const directory = mkdtempSync(join(import.meta.dirname, "..", "tmp-form-"));
    stack.defer(() => rmSync(directory, { recursive: true, force: true }));
    await buildMount(directory);
    const app = Fastify();
    stack.defer(() => app.close());
    app.get("/", (_, reply) => reply.type("text/html").header("content-security-policy", CSP).send(PAGE));
    app.get<{ Params: { file: string } }>("/:file", ({ params }, reply) =>
      reply
        .type(TYPES[params.file.split(".").at(-1) ?? ""] ?? "text/plain")
        .send(readFileSync(join(directory, params.file), "utf8")),
    );
    const address = await app.listen({ port: 0 });
    const browser = await startBrowser();
    stack.defer(() => browser.close());
    return new FormPages(browser, address, stack.move());
  }

  /** Opens a page that shows no form until `show` is called. */
  async open(options?: BrowserContextOptions): Promise<FormPage> {
    const context = await this.#browser.newContext({ viewport: { width: 900, height: 1000 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const errors = await collectPageErrors(page);
    await page.goto(this.#address);
    await page.waitForFunction(() => "form" in window);
    return new FormPage(page, errors);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/**
 * The properties of the form on the page. `validationErrors` are the errors that the form's
 * `onValidate` returns.
 */
export interface FormSetup {
  readonly schema: object;
  readonly initial?: object;
  readonly problems?: readonly { pointer: string; detail: string }[];
  readonly validationErrors?: readonly { pointer: string; detail: string }[];
}

interface Mounted {
  show(setup: string): void;
  measure(schema?: string): Promise<number>;
  unmount(): void;
  /** Counts the form's submit events, including submits that validation blocked. */
  countSubmitEvents(): number;
  readonly submitted: JsonObject[];
  readonly validated: JsonObject[];
}

export class FormPage {
  readonly page: Page;
  readonly errors: PageErrors;

  constructor(page: Page, errors: PageErrors) {
    this.page = page;
    this.errors = errors;
  }

  async show(setup: FormSetup): Promise<void> {
    const text = JSON.stringify(setup);
    await this.page.evaluate((json) => (window as unknown as { form: Mounted }).form.show(json), text);
    await this.page.waitForSelector("form");
  }

  /**
   * Submits the form and returns the submitted payload. If validation in the browser blocks the
   * submit, throws an error that lists the invalid fields.
   */
  async submit(): Promise<JsonObject> {
    const payload = await this.trySubmit();
    if (payload === undefined)
      throw new Error(`the form was not submitted: ${await this.#describeInvalidFields()}`);
    return payload;
  }

  /**
   * Submits the form and returns the submitted payload, or undefined if validation in the browser
   * blocks the submit.
   */
  async trySubmit(): Promise<JsonObject | undefined> {
    const [attempts, submitted] = await this.#countSubmits();
    await this.page.locator("button[type=submit]").click();
    await this.page.waitForFunction(
      (before) => (window as unknown as { form: Mounted }).form.countSubmitEvents() > before,
      attempts,
    );
    return await this.page.evaluate((from) => {
      const { submitted } = (window as unknown as { form: Mounted }).form;
      return submitted.length > from ? submitted.at(-1) : undefined;
    }, submitted);
  }

  #countSubmits(): Promise<[attempts: number, submitted: number]> {
    return this.page.evaluate(() => {
      const { countSubmitEvents, submitted } = (window as unknown as { form: Mounted }).form;
      return [countSubmitEvents(), submitted.length];
    });
  }

  #describeInvalidFields(): Promise<string> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>(":invalid:not(form, fieldset)")]
        .map(({ id, value, validationMessage }) => `${id} "${value}": ${validationMessage}`)
        .join("; "),
    );
  }

  /** Returns the payloads that the form passed to `onValidate` while the user edited the fields. */
  validated(): Promise<JsonObject[]> {
    return this.page.evaluate(() => (window as unknown as { form: Mounted }).form.validated);
  }

  /**
   * Measures the time, in milliseconds, from the mount of a form to the end of the frame that shows
   * it: the elapsed time and the CPU time. Without a schema, measures 200 plain inputs instead.
   */
  async measure(schema?: object): Promise<{ elapsed: number; cpu: number }> {
    const session = await this.page.context().newCDPSession(this.page);
    // Selects the CPU time of the page's thread, which does not grow with the load of the machine.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const readCpuTime = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1000;
    };
    const before = await readCpuTime();
    const elapsed = await this.page.evaluate(
      (text) => (window as unknown as { form: Mounted }).form.measure(text),
      schema === undefined ? undefined : JSON.stringify(schema),
    );
    const after = await readCpuTime();
    await this.page.evaluate(() => (window as unknown as { form: Mounted }).form.unmount());
    await session.detach();
    return { elapsed, cpu: after - before };
  }

  /** Returns the JSON pointer of the focused field. */
  getFocused(): Promise<string | undefined> {
    return this.page.evaluate(
      () => document.activeElement?.closest<HTMLElement>("[data-pointer]")?.dataset["pointer"],
    );
  }

  readError(pointer: string): Promise<string | null> {
    return this.page.locator(`[data-pointer="${pointer}"] > .jf-error`).textContent();
  }
}
