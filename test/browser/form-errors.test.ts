import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { toParameterSchema } from "../../sdk/extension/parameter-schema.ts";
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

describe("validation in the browser", () => {
  test("validation in the browser blocks the submit, shows errors at their fields and focuses the first of these fields", async () => {
    const form = await open({ initial: { ...FILLED, count: 12, box: {} } });

    const payload = await form.trySubmit();

    expect(payload).toBeUndefined();
    expect(await form.getFocused()).toBe("/count");
    expect(await form.readError("/count")).toContain("9");
    expect(await form.readError("/box/size")).not.toBe("");
  });

  test("validation in the browser shows a pattern error when the field loses focus, and removes it when the value matches", async () => {
    const form = await open({ initial: FILLED });
    const name = form.page.getByLabel("Name", { exact: true });

    await name.fill("Ada!");
    await name.press("Tab");
    const error = await form.readError("/name");
    await name.fill("ada");

    expect(error).toContain("^[a-z]+$");
    await form.page.locator("[data-pointer='/name'] .jf-error").waitFor({ state: "detached" });
    expect(await form.submit()).toEqual(FILLED);
  });

  test("validation in the browser shows no error at a required field that was focused but not edited", async () => {
    const form = await open();

    await form.page.getByLabel("Name", { exact: true }).focus();
    await form.page.keyboard.press("Tab");

    expect(await form.page.locator(".jf-error").count()).toBe(0);
  });

  test("validation in the browser shows why JSON is invalid, and blocks the submit", async () => {
    const form = await open({ initial: FILLED });
    const anything = form.page.getByLabel("Anything", { exact: true });

    await anything.fill("{ nope");
    const blocked = await form.trySubmit();
    const error = await form.readError("/anything");
    await anything.fill('{"nope": false}');

    expect(blocked).toBeUndefined();
    expect(error).toContain("Invalid JSON");
    expect(await form.submit()).toEqual({ ...FILLED, anything: { nope: false } });
  });
});

describe("errors from the server", () => {
  test("an error from the server is shown at its field, also in nested objects and lists, and the first field with an error is focused", async () => {
    const form = await open({ initial: FILLED });
    const problems = compileSchema(SCHEMA)({
      ...FILLED,
      box: { size: -1 },
      points: [{ x: 0 }, { x: "far" }],
    });

    await form.show({ schema: SCHEMA, initial: FILLED, problems });

    await form.page.locator("[data-pointer='/points/1/x'] > .jf-error").waitFor();
    expect(problems.map(({ pointer }) => pointer)).toEqual(["/box/size", "/points/1/x"]);
    expect(await form.readError("/box/size")).toBe(problems[0]?.detail);
    expect(await form.readError("/points/1/x")).toBe(problems[1]?.detail);
    expect(await form.getFocused()).toBe("/box/size");
    expect(await form.page.getByRole("alert").textContent()).toContain("/points/1/x");
  });

  test("an error from the server that belongs to no field is listed in the summary, with a link to the nearest field", async () => {
    const problems = [
      { pointer: "/anything/deep/~1a~0b", detail: "must be blue" },
      { pointer: "/unknown", detail: "is not known" },
    ];
    const form = await open({ initial: FILLED, problems });

    await form.page.getByRole("button", { name: "must be blue" }).click();

    expect(await form.getFocused()).toBe("/anything");
    expect(await form.readError("/anything")).toBe("/deep/~1a~0b must be blue");
    expect(await form.page.getByRole("alert").textContent()).toContain("/unknown is not known");
  });

  test("an error from the server disappears when its field is edited", async () => {
    const form = await open({ initial: FILLED, problems: [{ pointer: "/count", detail: "is taken" }] });

    await form.page.getByLabel("Count", { exact: true }).fill("4");

    await form.page.locator("[data-pointer='/count'] > .jf-error").waitFor({ state: "detached" });
  });

  test("an error of the validation on the server appears after a pause in typing, and only at a field that the user has visited", async () => {
    const validationErrors = [
      { pointer: "/count", detail: "is odd" },
      { pointer: "/box/size", detail: "is small" },
    ];
    const form = await open({ initial: FILLED, validationErrors });

    await form.page.getByLabel("Count", { exact: true }).fill("5");
    await form.page.keyboard.press("Tab");

    await form.page.locator("[data-pointer='/count'] > .jf-error").waitFor();
    expect(await form.validated()).toEqual([{ ...FILLED, count: 5 }]);
    expect(await form.page.locator("[data-pointer='/box/size'] > .jf-error").count()).toBe(0);
  });
});

describe("JSON editor", () => {
  test("the JSON editor starts with the values of the fields, and the fields then show the edited values", async () => {
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

  test("the JSON editor rejects JSON that is not an object", async () => {
    const form = await open({ initial: FILLED });
    await form.page.getByRole("button", { name: "Edit as JSON" }).click();

    await form.page.getByLabel("Payload, as JSON").fill("[1, 2]");

    expect(await form.trySubmit()).toBeUndefined();
    expect(await form.page.locator(".jf-error").textContent()).toContain("JSON object");
  });
});

describe("accessibility", () => {
  test("a form can be filled and submitted with only the keyboard", async () => {
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
  ] as const)("axe-core finds no accessibility violation in a form in the %s theme", async (colorScheme) => {
    const form = await pages.open({ colorScheme });
    const problems = [{ pointer: "/count", detail: "is taken" }];
    await form.show({ schema: SCHEMA, initial: FILLED, problems });
    await form.page.getByRole("alert").waitFor();

    expect(await findAccessibilityViolations(form.page)).toEqual([]);
    expect(form.errors).toEqual([]);
  });
});
