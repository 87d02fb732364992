import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../protocol/json.ts";
import { compileSchema } from "../../server/schemas/compile-schema.ts";
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
const field = (label: string) => form.page.getByLabel(label, { exact: true });
const button = (name: string) => form.page.getByRole("button", { name, exact: true });
const writtenJson = async (): Promise<string> => {
  await button("Edit as JSON").click();
  return await field("Payload, as JSON").inputValue();
};

describe("a list of more than 100 choices", () => {
  const pick = { enum: Array.from({ length: 150 }, (_, index) => `choice ${index}`) };
  const chosen = () => field("Pick").evaluate((list: HTMLSelectElement) => list.selectedIndex);

  test("shows no choice as selected while there is none, and asks for one", async () => {
    await show({ pick }, { required: ["pick"] });

    expect(await chosen()).toBe(-1);
    expect(await form.submit()).toBeUndefined();
    expect(await form.fault("/pick")).not.toBe("");
  });

  test("sends its first choice if that is clicked", async () => {
    await show({ pick }, { required: ["pick"] });

    await field("Pick").selectOption("choice 0");

    expect(await form.submit()).toEqual({ pick: "choice 0" });
  });

  test("lets the only match of a search be chosen", async () => {
    await show({ pick }, { required: ["pick"] });

    await field("Search Pick").fill("choice 149");
    expect(await chosen()).toBe(-1);
    await field("Pick").selectOption("choice 149");

    expect(await form.submit()).toEqual({ pick: "choice 149" });
  });

  test("is searched and chosen from by the keyboard alone", async () => {
    await show({ pick }, { required: ["pick"] });
    const { keyboard } = form.page;

    await field("Search Pick").focus();
    await keyboard.type("choice 149");
    await keyboard.press("Enter");
    expect(await field("Pick").evaluate((list: HTMLSelectElement) => list.selectedOptions[0]?.label)).toBe(
      "choice 149",
    );
    await keyboard.press("Escape");
    expect(await field("Search Pick").inputValue()).toBe("");
    await keyboard.type("choice 2");
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowDown");

    // The chosen one stays first; the next is the first that was found.
    expect(await form.submit()).toEqual({ pick: "choice 2" });
  });

  test("says that nothing matches, and keeps what was chosen", async () => {
    await show({ pick }, { required: ["pick"] }, { pick: "choice 7" });

    await field("Search Pick").fill("nothing like it");

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
  const labels = (name: string) => field(name).locator("option").allTextContents();

  expect(await labels("Pick")).toEqual(["—", "1", '"1"', '"none"', "null"]);
  expect(await labels("Other")).toEqual(["—", "One (1)", "One (2)"]);
  await field("Pick").selectOption('"1"');
  expect(await form.submit()).toEqual({ pick: "1" });
});

describe("a number", () => {
  test.each<[string, JsonObject, string]>([
    ["0.3 from 0.3 in steps of 0.1", { type: "number", minimum: 0.3, multipleOf: 0.1 }, "0.3"],
    ["1.1 from 0.3 in steps of 0.1", { type: "number", minimum: 0.3, multipleOf: 0.1 }, "1.1"],
    ["the error of 0.1 + 0.2", { type: "number", multipleOf: 0.1 }, "0.30000000000000004"],
    ["very small steps", { type: "number", multipleOf: 1e-9 }, "0.123456789"],
    ["an exponent", { type: "integer" }, "1e3"],
    ["leading zeros", { type: "integer" }, "007"],
    ["the largest integer", { type: "integer" }, "9007199254740991"],
    ["a double", { type: "number" }, "1e300"],
  ])("is taken, as by the server: %s", async (_, x, text) => {
    const schema = await show({ x });

    await field("X").fill(text);
    const payload = await form.submit();

    expect(payload).toEqual({ x: Number(text) });
    expect(compileSchema(schema)(payload)).toEqual([]);
  });

  test.each<[string, JsonObject, string, string]>([
    ["between two steps", { type: "number", minimum: 0.3, multipleOf: 0.1 }, "0.35", ""],
    ["its exclusive minimum", { type: "number", exclusiveMinimum: 0 }, "0", "must be greater than 0"],
    ["its exclusive maximum", { type: "number", exclusiveMaximum: 1 }, "1", "must be less than 1"],
    ["a fraction in steps of a half", { type: "integer", multipleOf: 0.5 }, "1.5", "must be a whole number"],
    ["an integer beyond 2^53", { type: "integer" }, "9007199254740993", "cannot be sent exactly"],
    ["the same with a point", { type: "integer" }, "9007199254740993.0", "cannot be sent exactly"],
    ["the same as a number", { type: "number" }, "12345678901234567890", "cannot be sent exactly"],
  ])("is refused at its field: %s", async (_, x, text, reason) => {
    await show({ x });

    await field("X").fill(text);

    expect(await form.submit()).toBeUndefined();
    expect(await field("X").inputValue()).toBe(text);
    expect(await form.fault("/x")).toContain(reason);
  });

  test("that cannot be sent exactly is not lost or rounded by switching to JSON", async () => {
    await show({ x: { type: "integer" }, y: {} });

    await field("X").fill("9007199254740993");
    await button("Edit as JSON").click();
    expect(await field("X").inputValue()).toBe("9007199254740993");
    expect(await form.fault("/x")).toContain("cannot be sent exactly");

    await field("X").fill("3");
    await field("Y").fill('{"id": 9007199254740993}');
    expect(await form.submit()).toBeUndefined();
    expect(await form.fault("/y")).toContain("9007199254740993 cannot be sent exactly");

    await field("Y").fill('{"id": "9007199254740993", "small": 9007199254740991}');
    expect(await form.submit()).toEqual({ x: 3, y: { id: "9007199254740993", small: 9007199254740991 } });
  });

  test("is not rounded in the JSON of the payload", async () => {
    await show({ x: { type: "integer" } });
    await writtenJson();

    await field("Payload, as JSON").fill('{"x": 9007199254740993}');

    expect(await form.submit()).toBeUndefined();
    expect(await form.page.getByText("9007199254740993 cannot be sent exactly").isVisible()).toBe(true);
    await field("Payload, as JSON").fill('{"x": 1e400}');
    expect(await form.submit()).toBeUndefined();
    await field("Payload, as JSON").fill('{"x": 12}');
    expect(await form.submit()).toEqual({ x: 12 });
  });

  test("of a choice that was rounded with the schema cannot be chosen", async () => {
    await show({ x: { enum: [1, 2 ** 60] } });

    expect(await field("X").locator("option:disabled").allTextContents()).toEqual([
      "1152921504606847000 (too large to be sent exactly)",
    ]);
  });
});

describe("a date with a time", () => {
  const at = { type: "string", format: "date-time" };

  test("stays without an offset if its default has none", async () => {
    await show({ at: { ...at, default: "2024-01-01T00:00:00" } });
    expect(await form.submit()).toEqual({ at: "2024-01-01T00:00:00" });

    await field("At").fill("2024-01-02T03:04:05");
    expect(await form.submit()).toEqual({ at: "2024-01-02T03:04:05" });
  });

  test("is sent in UTC otherwise", async () => {
    await show({ at: { ...at, default: "2024-01-01T00:00:00+01:00" } });

    await field("At").fill("2024-01-02T03:04:05");

    expect(await form.submit()).toEqual({ at: "2024-01-02T02:04:05Z" });
  });
});

describe("what is begun later", () => {
  const settings: JsonObject = {
    type: "object",
    properties: { a: { type: "integer", default: 1 }, b: { type: "boolean", default: true } },
  };
  const own: JsonObject = { ...settings, default: { a: 0, b: false } };

  test("has the defaults of its objects: an optional object, an item, an entry, another kind", async () => {
    await show({
      box: { type: "object", properties: { inner: own } },
      list: { type: "array", items: own },
      nested: { type: "array", items: { type: "object", properties: { inner: own } } },
      kind: {
        oneOf: [
          {
            type: "object",
            title: "Cat",
            properties: { kind: { const: "cat" }, inner: own },
            required: ["kind"],
          },
          {
            type: "object",
            title: "Dog",
            properties: { kind: { const: "dog" }, more: own },
            required: ["kind"],
          },
        ],
        default: { kind: "cat", inner: { a: 7, b: true } },
      },
    });

    await button("Add Box").click();
    await button("Add to List").click();
    await button("Add to Nested").click();
    await field("Kind of Kind").selectOption("Dog");

    expect(await form.submit()).toEqual({
      box: { inner: { a: 0, b: false } },
      list: [{ a: 0, b: false }],
      nested: [{ inner: { a: 0, b: false } }],
      kind: { kind: "dog", more: { a: 0, b: false } },
    });
  });
});

describe("a form and its JSON", () => {
  test("keep members that the schema does not know, and the order of all", async () => {
    const initial = { z: 1, extra: { y: 1, x: [1, { q: null }] }, b: 2, a: 1 };
    await show(
      { a: { type: "integer" }, b: { type: "integer" }, c: { type: "integer", default: 3 } },
      {},
      initial,
    );

    const text = await writtenJson();
    expect(JSON.parse(text)).toEqual({ ...initial, c: 3 });
    expect(Object.keys(JSON.parse(text)).slice(0, 4)).toEqual(["z", "extra", "b", "a"]);
    await button("Edit as JSON").click();
    expect(await form.submit()).toEqual({ ...initial, c: 3 });
    expect(await writtenJson()).toBe(text);
  });

  test("agree on a list's items after both were used", async () => {
    await show({ list: { type: "array", items: { type: "integer", default: 5 } } });

    await button("Add to List").click();
    expect(JSON.parse(await writtenJson())).toEqual({ list: [5] });
    await field("Payload, as JSON").fill('{"list": [1, 0]}');
    await button("Edit as JSON").click();

    expect(await form.submit()).toEqual({ list: [1, 0] });
  });
});

test("an entry of a record begins with an empty text", async () => {
  await show({ words: { type: "object", additionalProperties: { type: "string" } } });

  await button("Add Words").click();
  await button("Add an entry").click();

  expect(Object.values((await form.submit())?.["words"] ?? {})).toEqual([""]);
});

test("nullable numbers and texts are null when they are cleared", async () => {
  await show({
    a: { anyOf: [{ type: "number" }, { type: "null" }], default: 0 },
    b: { type: ["string", "null"], default: "text" },
    c: { type: "string", default: "text" },
    d: { type: "integer", default: 3 },
  });

  for (const label of ["A", "B", "C", "D"]) await field(label).fill("");

  expect(await form.submit()).toEqual({ a: null, b: null, c: "" });
});
