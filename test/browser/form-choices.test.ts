import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../protocol/json.ts";
import { type FormPage, FormPages } from "./form/form-page.ts";

let pages: FormPages;
let form: FormPage;

beforeAll(async () => {
  pages = await FormPages.start();
  form = await pages.open({ timezoneId: "Europe/Berlin" });
});

afterAll(() => pages[Symbol.asyncDispose]());

const show = async (properties: JsonObject, more: JsonObject = {}, initial?: JsonObject) => {
  const schema: JsonObject = { type: "object", properties, ...more };
  // The page first shows an empty form, because a form with the same schema would keep the typed
  // values.
  await form.show({ schema: { type: "object", properties: {} } });
  await form.show({ schema, ...(initial !== undefined && { initial }) });
  return schema;
};
const getField = (label: string) => form.page.getByLabel(label, { exact: true });

describe("long lists of choices", () => {
  const pick = { enum: Array.from({ length: 150 }, (_, index) => `choice ${index}`) };
  const readSelectedIndex = () => getField("Pick").evaluate((list: HTMLSelectElement) => list.selectedIndex);

  test("a list of more than 100 choices has no selected choice at first, and blocks the submit until a choice is selected", async () => {
    await show({ pick }, { required: ["pick"] });

    expect(await readSelectedIndex()).toBe(-1);
    expect(await form.trySubmit()).toBeUndefined();
    expect(await form.readError("/pick")).not.toBe("");
  });

  test("the first of more than 100 choices is submitted if the user selects it", async () => {
    await show({ pick }, { required: ["pick"] });

    await getField("Pick").selectOption("choice 0");

    expect(await form.submit()).toEqual({ pick: "choice 0" });
  });

  test("a list of more than 100 choices does not select the only match of a search automatically, but submits the match after a click", async () => {
    await show({ pick }, { required: ["pick"] });

    await getField("Search Pick").fill("choice 149");
    expect(await readSelectedIndex()).toBe(-1);
    await getField("Pick").selectOption("choice 149");

    expect(await form.submit()).toEqual({ pick: "choice 149" });
  });

  test("a choice in a list of more than 100 choices can be found and selected with only the keyboard", async () => {
    await show({ pick }, { required: ["pick"] });
    const { keyboard } = form.page;

    await getField("Search Pick").focus();
    await keyboard.type("choice 149");
    await keyboard.press("Enter");
    expect(await getField("Pick").evaluate((list: HTMLSelectElement) => list.selectedOptions[0]?.label)).toBe(
      "choice 149",
    );
    await keyboard.press("Escape");
    expect(await getField("Search Pick").inputValue()).toBe("");
    await keyboard.type("choice 2");
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowDown");

    // The list shows the selected choice above the matches, so its second entry is the first match.
    expect(await form.submit()).toEqual({ pick: "choice 2" });
  });

  test("a list of more than 100 choices shows that no choice matches a search, and keeps the selection", async () => {
    await show({ pick }, { required: ["pick"] }, { pick: "choice 7" });

    await getField("Search Pick").fill("nothing like it");

    expect(await form.page.getByText("No choice matches").isVisible()).toBe(true);
    expect(await form.submit()).toEqual({ pick: "choice 7" });
  });

  test("an optional list of more than 100 choices is omitted from the payload if no choice is selected", async () => {
    await show({ pick });

    expect(await form.submit()).toEqual({});
  });
});

test("choices with equal labels show their values", async () => {
  await show({
    pick: { enum: [1, "1", "none", null] },
    other: {
      oneOf: [
        { const: 1, title: "One" },
        { const: 2, title: "One" },
      ],
    },
  });
  const labels = (name: string) => getField(name).locator("option").allTextContents();

  expect(await labels("Pick")).toEqual(["—", "1", '"1"', '"none"', "null"]);
  expect(await labels("Other")).toEqual(["—", "One (1)", "One (2)"]);
  await getField("Pick").selectOption('"1"');
  expect(await form.submit()).toEqual({ pick: "1" });
});
