import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import Fastify from "fastify";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import type { JsonObject } from "../../../protocol/index.ts";
import formConfig from "../../../web/form/vite.config.ts";
import { startBrowser } from "../browser.ts";

/** As strict as the dashboard's. */
export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none'";

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A form</title>
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><link rel="stylesheet" href="/mount.css"></head>
<body><main></main><script type="module" src="/mount.js"></script></body></html>`;

const TYPES: Record<string, string> = { js: "text/javascript", css: "text/css" };
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What a page has complained of: errors, and what its policy has refused. */
export type PageErrors = readonly string[];

/** Gathers what goes wrong in a page from now on. */
export const collectPageErrors = async (page: Page): Promise<PageErrors> => {
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  return complaints;
};

/** What axe-core finds, one line each. */
export const findAccessibilityViolations = async (page: Page): Promise<string[]> => {
  // Past the page's policy, which is for the page's own scripts.
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

/** As it is shipped: a test's own environment would build React for development, which is three times as slow. */
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

/** A page on which a form is shown as a test wants it, built as it is shipped. */
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

  /** An empty page. */
  async open(options?: BrowserContextOptions): Promise<FormPage> {
    const context = await this.#browser.newContext({ viewport: { width: 900, height: 1000 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const complaints = await collectPageErrors(page);
    await page.goto(this.#address);
    await page.waitForFunction(() => "form" in window);
    return new FormPage(page, complaints);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** What the mounted page is told to show. */
export interface FormSetup {
  readonly schema: object;
  readonly initial?: object;
  readonly problems?: readonly { pointer: string; detail: string }[];
  readonly faults?: readonly { pointer: string; detail: string }[];
}

interface Mounted {
  show(wanted: string): void;
  timed(schema?: string): Promise<number>;
  untime(): void;
  readonly submitted: JsonObject[];
  readonly validated: JsonObject[];
}

/** One page with a form. */
export class FormPage {
  readonly page: Page;
  readonly complaints: PageErrors;

  constructor(page: Page, complaints: PageErrors) {
    this.page = page;
    this.complaints = complaints;
  }

  async show(wanted: FormSetup): Promise<void> {
    const text = JSON.stringify(wanted);
    await this.page.evaluate((shown) => (window as unknown as { form: Mounted }).form.show(shown), text);
    await this.page.waitForSelector("form");
  }

  /** Sends the form, and says what it would have sent; undefined where it was held back. */
  async submit(): Promise<JsonObject | undefined> {
    const before = await this.#count();
    await this.page.locator("button[type=submit]").click();
    return await this.page.evaluate((from) => {
      const { submitted } = (window as unknown as { form: Mounted }).form;
      return submitted.length > from ? submitted.at(-1) : undefined;
    }, before);
  }

  #count(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as { form: Mounted }).form.submitted.length);
  }

  /** What the server was asked about while the payload was edited. */
  validated(): Promise<JsonObject[]> {
    return this.page.evaluate(() => (window as unknown as { form: Mounted }).form.validated);
  }

  /** A form's mount to the end of the frame that shows it, in milliseconds; of bare inputs without a schema. */
  async timed(schema?: object): Promise<{ wall: number; work: number }> {
    const session = await this.page.context().newCDPSession(this.page);
    // Of the page's own thread, which loses time to whatever else the machine does.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const work = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1000;
    };
    const before = await work();
    const wall = await this.page.evaluate(
      (text) => (window as unknown as { form: Mounted }).form.timed(text),
      schema === undefined ? undefined : JSON.stringify(schema),
    );
    const after = await work();
    await this.page.evaluate(() => (window as unknown as { form: Mounted }).form.untime());
    await session.detach();
    return { wall, work: after - before };
  }

  /** The pointer of the field that has the focus. */
  focused(): Promise<string | undefined> {
    return this.page.evaluate(
      () => document.activeElement?.closest<HTMLElement>("[data-pointer]")?.dataset["pointer"],
    );
  }

  /** What is said to be wrong at a field. */
  fault(pointer: string): Promise<string | null> {
    return this.page.locator(`[data-pointer="${pointer}"] > .jf-fault`).textContent();
  }
}
