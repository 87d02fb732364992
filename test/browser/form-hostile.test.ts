import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../protocol/index.ts";
import { type FormPage, FormPages } from "./form/form-page.ts";

let pages: FormPages;

beforeAll(async () => {
  pages = await FormPages.start();
});

afterAll(() => pages[Symbol.asyncDispose]());

const open = async (schema: object, more: object = {}): Promise<FormPage> => {
  const form = await pages.open();
  await form.show({ schema, ...more });
  return form;
};

const HTML = `<img src=x onerror="window.pwned = true"><script>window.pwned = true</script>`;
const LINK = "[click](javascript:window.pwned=true) **bold**";

/** Returns true if a text of the schema was executed as a script. */
const hasRunScript = (form: FormPage) => form.page.evaluate(() => "pwned" in window);

describe("untrusted schemas", () => {
  test("the HTML and Markdown of an untrusted schema are shown as plain text everywhere", async () => {
    const texts = { title: HTML, description: LINK, "x-unit": HTML, "x-placeholder": HTML };
    const schema = {
      type: "object",
      ...texts,
      properties: {
        [HTML]: { type: "string", ...texts, default: HTML, examples: ["javascript:alert(1)"] },
        link: { type: "string", format: "uri", default: "javascript:window.pwned=true" },
        choice: { ...texts, enum: [HTML, LINK] },
        list: { type: "array", ...texts, items: { type: "string", ...texts }, default: [HTML] },
        kinds: {
          ...texts,
          oneOf: [
            { type: "object", ...texts, properties: { a: { const: HTML, ...texts } } },
            { type: "string", ...texts },
          ],
        },
      },
      required: ["kinds"],
    };
    const problems = [{ pointer: `/${HTML.replaceAll("/", "~1")}`, detail: HTML }];
    const form = await open(schema, { problems });

    await form.page.getByRole("alert").waitFor();

    expect(await hasRunScript(form)).toBe(false);
    expect(await form.page.locator("img, a, form script").count()).toBe(0);
    expect(await form.page.locator("form").textContent()).toContain(LINK);
    expect(form.errors).toEqual([]);
  });

  test("an untrusted schema cannot pollute prototypes with its property names", async () => {
    const schema: JsonObject = JSON.parse(
      `{"type":"object","properties":{"__proto__":{"type":"object","properties":{"polluted":{"type":"string","default":"yes"}}},
      "constructor":{"type":"object","properties":{"prototype":{"type":"object","properties":{"polluted":{"type":"string","default":"yes"}},"required":["polluted"]}},"required":["prototype"]},
      "name":{"type":"string","default":"ada"}},"required":["__proto__","constructor"]}`,
    );
    const form = await open(schema);

    await form.submit();

    expect(await form.page.evaluate(() => "polluted" in {})).toBe(false);
    expect(await form.page.locator("form").isVisible()).toBe(true);
  });
});

describe("schemas that are designed to block the page", () => {
  /** Returns the longest time in milliseconds that the page was blocked while `act` ran. */
  const measureLongestBlock = async (form: FormPage, act: () => Promise<unknown>): Promise<number> => {
    await form.page.evaluate(() => {
      let last = performance.now();
      const watch = { longest: 0 };
      Object.assign(window, { watch });
      setInterval(() => {
        const now = performance.now();
        watch.longest = Math.max(watch.longest, now - last);
        last = now;
      }, 10);
    });
    await act();
    return await form.page.evaluate(
      () =>
        new Promise<number>((resolve) =>
          setTimeout(() => resolve((window as unknown as { watch: { longest: number } }).watch.longest), 50),
        ),
    );
  };

  /**
   * Rendering 1,000 fields takes 0.3 s. The limit is much longer, so that a test fails only if the
   * page hangs.
   */
  const MAX_BLOCKED_MS = 5000;

  const createDoubling = (depth: number, isRequired: boolean): object => ({
    $ref: "#/$defs/n0",
    $defs: Object.fromEntries(
      Array.from({ length: depth }, (_, level) => [
        `n${level}`,
        {
          type: "object",
          properties:
            level === depth - 1
              ? { end: { type: "string" } }
              : { a: { $ref: `#/$defs/n${level + 1}` }, b: { $ref: `#/$defs/n${level + 1}` } },
          ...(isRequired && level < depth - 1 && { required: ["a", "b"] }),
        },
      ]),
    ),
  });

  const createMesh = (count: number): object => {
    const names = Array.from({ length: count }, (_, index) => `n${index}`);
    const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
    const node = { type: "object", properties, required: names };
    return { ...node, $defs: Object.fromEntries(names.map((name) => [name, node])) };
  };

  const createNested = (depth: number): object =>
    Array.from({ length: depth }).reduce<object>(
      (inner) => ({ type: "object", properties: { deeper: inner }, required: ["deeper"] }),
      { type: "object", properties: { end: { type: "string" } } },
    );

  test.each<[string, object]>([
    [
      "an enum of 10,000 choices",
      {
        type: "object",
        properties: { pick: { enum: Array.from({ length: 10_000 }, (_, i) => `choice ${i}`) } },
      },
    ],
    [
      "a union of 10,000 options",
      {
        type: "object",
        properties: {
          kind: {
            anyOf: Array.from({ length: 10_000 }, (_, i) => ({
              type: "object",
              properties: { [`p${i}`]: { type: "string" } },
            })),
          },
        },
      },
    ],
    ["references that double at each of 30 levels", createDoubling(30, true)],
    ["optional references that double at each of 30 levels", createDoubling(30, false)],
    ["12 objects that each require all 12", createMesh(12)],
    [
      "an object that requires itself",
      {
        $ref: "#/$defs/self",
        $defs: {
          self: { type: "object", properties: { again: { $ref: "#/$defs/self" } }, required: ["again"] },
        },
      },
    ],
    [
      "circular references",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
    ],
    ["objects nested 60 levels deep", createNested(60)],
    ["objects nested 2,000 levels deep", createNested(2000)],
    [
      "a list with at least a billion items",
      {
        type: "object",
        properties: { list: { type: "array", items: { type: "string" }, minItems: 1e9 } },
        required: ["list"],
      },
    ],
    [
      "a default of 50,000 items",
      {
        type: "object",
        properties: {
          list: {
            type: "array",
            items: { type: "string" },
            default: Array.from({ length: 50_000 }, () => "x"),
          },
        },
      },
    ],
    [
      "an object with 1,000 fields",
      {
        type: "object",
        properties: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, { type: "string" }])),
      },
    ],
    [
      "unions nested 12 levels deep",
      Array.from({ length: 12 }).reduce<object>(
        (inner) => ({
          type: "object",
          properties: { u: { anyOf: [inner, inner, { type: "string" }] } },
          required: ["u"],
        }),
        { type: "object", properties: {} },
      ),
    ],
  ])("a form of a schema with %s does not block the page", { timeout: 30_000 }, async (_, schema) => {
    const form = await pages.open();

    const blocked = await measureLongestBlock(form, async () => {
      await form.show({ schema });
      await form.page.locator("form").waitFor();
    });

    expect(blocked).toBeLessThan(MAX_BLOCKED_MS);
    expect(await form.page.locator("button[type=submit]").isEnabled()).toBe(true);
    expect(form.errors).toEqual([]);
  });

  test("a form does not check a pattern with catastrophic backtracking, but leaves the check to the server", async () => {
    const schema = {
      type: "object",
      properties: {
        text: { type: "string", pattern: "^(a+)+$" },
        other: { type: "string", pattern: "^(?:a|a)*$" },
      },
    };
    const form = await open(schema);

    const blocked = await measureLongestBlock(form, async () => {
      await form.page.getByLabel("Text", { exact: true }).fill(`${"a".repeat(40)}!`);
      await form.page.getByLabel("Other", { exact: true }).fill(`${"a".repeat(40)}!`);
    });

    expect(blocked).toBeLessThan(MAX_BLOCKED_MS);
    expect(await form.submit()).toEqual({ text: `${"a".repeat(40)}!`, other: `${"a".repeat(40)}!` });
  });

  test("a form lets the user find one of 10,000 choices with a search, and submits the selected choice", async () => {
    const form = await open({
      type: "object",
      properties: { pick: { enum: Array.from({ length: 10_000 }, (_, i) => i) } },
      required: ["pick"],
    });

    await form.page.getByLabel("Search Pick").fill("9876");
    await form.page.getByLabel("Pick", { exact: true }).selectOption("9876");

    expect(await form.submit()).toEqual({ pick: 9876 });
    expect(await form.page.locator("option").count()).toBeLessThan(200);
  });

  test("a form shows a list of more than 100 items as JSON, and a shorter list as fields", async () => {
    const list = Array.from({ length: 101 }, (_, index) => index);
    const items = { type: "array", items: { type: "integer" } };
    const form = await open(
      { type: "object", properties: { list: items, other: items } },
      { initial: { list, other: [1] } },
    );

    expect(await form.page.locator("[data-pointer='/list'] textarea").count()).toBe(1);
    expect(await form.page.locator("[data-pointer='/other/0'] input").count()).toBe(1);
    expect(await form.submit()).toEqual({ list, other: [1] });
  });

  test("a form shows a payload of 50,000 items as JSON, and submits all items", async () => {
    const list = Array.from({ length: 50_000 }, (_, index) => index);
    const schema = { type: "object", properties: { list: { type: "array", items: { type: "integer" } } } };
    const form = await open(schema, { initial: { list } });

    expect(await form.page.getByText("too large for form fields").isVisible()).toBe(true);
    expect(await form.submit()).toEqual({ list });
  });
});
