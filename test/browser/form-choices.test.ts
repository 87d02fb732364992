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
  // An empty form in between: the same schema again would keep what was typed.
  await form.show({ schema: { type: "object", properties: {} } });
  await form.show({ schema, ...(initial !== undefined && { initial }) });
  return schema;
};
const getField = (label: string) => form.page.getByLabel(label, { exact: true });

describe("a list of more than 100 choices", () => {
  const pick = { enum: Array.from({ length: 150 }, (_, index) => `choice ${index}`) };
  const chosen = () => getField("Pick").evaluate((list: HTMLSelectElement) => list.selectedIndex);

  test("shows no choice as selected while there is none, and asks for one", async () => {
    await show({ pick }, { required: ["pick"] });

    expect(await chosen()).toBe(-1);
    expect(await form.submit()).toBeUndefined();
    expect(await form.fault("/pick")).not.toBe("");
  });

  test("sends its first choice if that is clicked", async () => {
    await show({ pick }, { required: ["pick"] });

    await getField("Pick").selectOption("choice 0");

    expect(await form.submit()).toEqual({ pick: "choice 0" });
  });

  test("lets the only match of a search be chosen", async () => {
    await show({ pick }, { required: ["pick"] });

    await getField("Search Pick").fill("choice 149");
    expect(await chosen()).toBe(-1);
    await getField("Pick").selectOption("choice 149");

    expect(await form.submit()).toEqual({ pick: "choice 149" });
  });

  test("is searched and chosen from by the keyboard alone", async () => {
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

    // The chosen one stays first; the next is the first that was found.
    expect(await form.submit()).toEqual({ pick: "choice 2" });
  });

  test("says that nothing matches, and keeps what was chosen", async () => {
    await show({ pick }, { required: ["pick"] }, { pick: "choice 7" });

    await getField("Search Pick").fill("nothing like it");

    expect(await form.page.getByText("No choice matches").isVisible()).toBe(true);
    expect(await form.submit()).toEqual({ pick: "choice 7" });
  });

  test("that may be left out is left out", async () => {
    await show({ pick });

    expect(await form.submit()).toEqual({});
  });
});

test("choices that read the same are told apart", async () => {
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
