import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { toParameterSchema } from "../../sdk/parameter-schema.ts";
import { compileSchema } from "../../server/schemas/compile-schema.ts";
import { type FormPage, FormPages, findAccessibilityViolations } from "./form/form-page.ts";

const SCHEMA = toParameterSchema(
  z.object({
    name: z
      .string()
      .min(2)
      .regex(/^[a-z]+$/),
    count: z.int().min(1).max(9),
    box: z.object({ size: z.number().gt(0) }),
    points: z.array(z.object({ x: z.number() })),
    anything: z.unknown().optional(),
  }),
  "a test's parameters",
);

let pages: FormPages;

beforeAll(async () => {
  pages = await FormPages.start();
});

afterAll(() => pages[Symbol.asyncDispose]());

const open = async (more: object = {}): Promise<FormPage> => {
  const form = await pages.open();
  await form.show({ schema: SCHEMA, ...more });
  return form;
};

const FILLED = { name: "ada", count: 3, box: { size: 1 }, points: [{ x: 0 }, { x: 1 }] };

describe("what the browser sees by itself", () => {
  test("holds the form back, is told at its field, and the first of it has the focus", async () => {
    const form = await open({ initial: { ...FILLED, count: 12, box: {} } });

    const payload = await form.submit();

    expect(payload).toBeUndefined();
    expect(await form.focused()).toBe("/count");
    expect(await form.fault("/count")).toContain("9");
    expect(await form.fault("/box/size")).not.toBe("");
  });

  test("a pattern is told when the field is left, and not again when it fits", async () => {
    const form = await open({ initial: FILLED });
    const name = form.page.getByLabel("Name", { exact: true });

    await name.fill("Ada!");
    await name.press("Tab");
    const told = await form.fault("/name");
    await name.fill("ada");

    expect(told).toContain("^[a-z]+$");
    await form.page.locator("[data-pointer='/name'] .jf-fault").waitFor({ state: "detached" });
    expect(await form.submit()).toEqual(FILLED);
  });

  test("who passes by an empty field is not scolded", async () => {
    const form = await open();

    await form.page.getByLabel("Name", { exact: true }).focus();
    await form.page.keyboard.press("Tab");

    expect(await form.page.locator(".jf-fault").count()).toBe(0);
  });

  test("JSON that cannot be read is told with its reason, and holds the form back", async () => {
    const form = await open({ initial: FILLED });
    const anything = form.page.getByLabel("Anything", { exact: true });

    await anything.fill("{ nope");
    const held = await form.submit();
    const told = await form.fault("/anything");
    await anything.fill('{"nope": false}');

    expect(held).toBeUndefined();
    expect(told).toContain("This is not JSON");
    expect(await form.submit()).toEqual({ ...FILLED, anything: { nope: false } });
  });
});

describe("what the server refuses", () => {
  test("stands at its fields, nested ones and items of lists included, and the focus goes to the first", async () => {
    const form = await open({ initial: FILLED });
    const problems = compileSchema(SCHEMA)({
      ...FILLED,
      box: { size: -1 },
      points: [{ x: 0 }, { x: "far" }],
    });

    await form.show({ schema: SCHEMA, initial: FILLED, problems });

    await form.page.locator("[data-pointer='/points/1/x'] > .jf-fault").waitFor();
    expect(problems.map(({ pointer }) => pointer)).toEqual(["/box/size", "/points/1/x"]);
    expect(await form.fault("/box/size")).toBe(problems[0]?.detail);
    expect(await form.fault("/points/1/x")).toBe(problems[1]?.detail);
    expect(await form.focused()).toBe("/box/size");
    expect(await form.page.getByRole("alert").textContent()).toContain("/points/1/x");
  });

  test("is in the summary where the form has no field for it, and each line leads to the nearest place", async () => {
    const problems = [
      { pointer: "/anything/deep/~1a~0b", detail: "must be blue" },
      { pointer: "/nobody", detail: "is not known" },
    ];
    const form = await open({ initial: FILLED, problems });

    await form.page.getByRole("button", { name: "must be blue" }).click();

    expect(await form.focused()).toBe("/anything");
    expect(await form.fault("/anything")).toBe("/deep/~1a~0b must be blue");
    expect(await form.page.getByRole("alert").textContent()).toContain("/nobody is not known");
  });

  test("is not said any more of what has been edited since", async () => {
    const form = await open({ initial: FILLED, problems: [{ pointer: "/count", detail: "is taken" }] });

    await form.page.getByLabel("Count", { exact: true }).fill("4");

    await form.page.locator("[data-pointer='/count'] > .jf-fault").waitFor({ state: "detached" });
  });

  test("is asked for in a pause while the payload is edited, and told where somebody has been", async () => {
    const faults = [
      { pointer: "/count", detail: "is odd" },
      { pointer: "/box/size", detail: "is small" },
    ];
    const form = await open({ initial: FILLED, faults });

    await form.page.getByLabel("Count", { exact: true }).fill("5");
    await form.page.keyboard.press("Tab");

    await form.page.locator("[data-pointer='/count'] > .jf-fault").waitFor();
    expect(await form.validated()).toEqual([{ ...FILLED, count: 5 }]);
    expect(await form.page.locator("[data-pointer='/box/size'] > .jf-fault").count()).toBe(0);
  });
});

describe("the whole payload as JSON", () => {
  test("is what the fields hold, and the fields are what it says", async () => {
    const form = await open({ initial: FILLED });
    const edit = form.page.getByRole("button", { name: "Edit as JSON" });

    await edit.click();
    const text = form.page.getByLabel("Payload, as JSON");
    expect(JSON.parse(await text.inputValue())).toEqual(FILLED);
    await text.fill(JSON.stringify({ ...FILLED, name: "bob", extra: [1] }));
    await edit.click();

    expect(await form.page.getByLabel("Name", { exact: true }).inputValue()).toBe("bob");
    expect(await form.submit()).toEqual({ ...FILLED, name: "bob", extra: [1] });
  });

  test("has to be an object that can be read", async () => {
    const form = await open({ initial: FILLED });
    await form.page.getByRole("button", { name: "Edit as JSON" }).click();

    await form.page.getByLabel("Payload, as JSON").fill("[1, 2]");

    expect(await form.submit()).toBeUndefined();
    expect(await form.page.locator(".jf-fault").textContent()).toContain("JSON object");
  });
});

describe("without a mouse, and without sight", () => {
  test("a form is filled and sent by the keyboard alone", async () => {
    const form = await open({ initial: { points: [] } });
    const type = async (text: string) => {
      await form.page.keyboard.press("Tab");
      await form.page.keyboard.type(text);
    };

    await type("ada");
    await type("3");
    await type("1.5");
    await form.page.keyboard.press("Tab");
    await form.page.keyboard.press("Enter");
    await form.page.locator("[data-pointer='/points/0/x'] input").focus();
    await form.page.keyboard.type("2");
    await form.page.keyboard.press("Control+Enter");
    await form.page.waitForFunction(
      () => (window as unknown as { form: { submitted: [] } }).form.submitted.length > 0,
    );

    const sent = await form.page.evaluate(
      () => (window as unknown as { form: { submitted: unknown[] } }).form.submitted,
    );
    expect(sent).toEqual([{ name: "ada", count: 3, box: { size: 1.5 }, points: [{ x: 2 }] }]);
  });

  test.each([
    "light",
    "dark",
  ] as const)("nothing that axe-core knows of is wrong, in %s", async (colorScheme) => {
    const form = await pages.open({ colorScheme });
    const problems = [{ pointer: "/count", detail: "is taken" }];
    await form.show({ schema: SCHEMA, initial: FILLED, problems });
    await form.page.getByRole("alert").waitFor();

    expect(await findAccessibilityViolations(form.page)).toEqual([]);
    expect(form.complaints).toEqual([]);
  });
});
