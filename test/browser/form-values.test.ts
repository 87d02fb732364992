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
const getButton = (name: string) => form.page.getByRole("button", { name, exact: true });
const openJson = async (): Promise<string> => {
  await getButton("Edit as JSON").click();
  return await getField("Payload, as JSON").inputValue();
};

describe("date-time fields", () => {
  const at = { type: "string", format: "date-time" };

  test("a date-time field submits no UTC offset if its default has no UTC offset", async () => {
    await show({ at: { ...at, default: "2024-01-01T00:00:00" } });
    expect(await form.submit()).toEqual({ at: "2024-01-01T00:00:00" });

    await getField("At").fill("2024-01-02T03:04:05");
    expect(await form.submit()).toEqual({ at: "2024-01-02T03:04:05" });
  });

  test("a date-time field submits UTC if its default has a UTC offset", async () => {
    await show({ at: { ...at, default: "2024-01-01T00:00:00+01:00" } });

    await getField("At").fill("2024-01-02T03:04:05");

    expect(await form.submit()).toEqual({ at: "2024-01-02T02:04:05Z" });
  });
});

describe("values that the user adds", () => {
  const settings: JsonObject = {
    type: "object",
    properties: { a: { type: "integer", default: 1 }, b: { type: "boolean", default: true } },
  };
  const own: JsonObject = { ...settings, default: { a: 0, b: false } };

  test("an added optional object, an added list item and a newly selected option of a union have the defaults of their schemas", async () => {
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

    await getButton("Add Box").click();
    await getButton("Add to List").click();
    await getButton("Add to Nested").click();
    await getField("Type of Kind").selectOption("Dog");

    expect(await form.submit()).toEqual({
      box: { inner: { a: 0, b: false } },
      list: [{ a: 0, b: false }],
      nested: [{ inner: { a: 0, b: false } }],
      kind: { kind: "dog", more: { a: 0, b: false } },
    });
  });
});

describe("fields and JSON", () => {
  test("the fields and the JSON editor keep unknown members and the order of all members", async () => {
    const initial = { z: 1, extra: { y: 1, x: [1, { q: null }] }, b: 2, a: 1 };
    await show(
      { a: { type: "integer" }, b: { type: "integer" }, c: { type: "integer", default: 3 } },
      {},
      initial,
    );

    const text = await openJson();
    expect(JSON.parse(text)).toEqual({ ...initial, c: 3 });
    expect(Object.keys(JSON.parse(text)).slice(0, 4)).toEqual(["z", "extra", "b", "a"]);
    await getButton("Edit as JSON").click();
    expect(await form.submit()).toEqual({ ...initial, c: 3 });
    expect(await openJson()).toBe(text);
  });

  test("the fields and the JSON editor have the same list items after both were edited", async () => {
    await show({ list: { type: "array", items: { type: "integer", default: 5 } } });

    await getButton("Add to List").click();
    expect(JSON.parse(await openJson())).toEqual({ list: [5] });
    await getField("Payload, as JSON").fill('{"list": [1, 0]}');
    await getButton("Edit as JSON").click();

    expect(await form.submit()).toEqual({ list: [1, 0] });
  });
});

test("a new entry of a record has an empty text as its value", async () => {
  await show({ words: { type: "object", additionalProperties: { type: "string" } } });

  await getButton("Add Words").click();
  await getButton("Add an entry").click();

  expect(Object.values((await form.submit())?.["words"] ?? {})).toEqual([""]);
});

test("cleared nullable numbers and texts are submitted as null", async () => {
  await show({
    a: { anyOf: [{ type: "number" }, { type: "null" }], default: 0 },
    b: { type: ["string", "null"], default: "text" },
    c: { type: "string", default: "text" },
    d: { type: "integer", default: 3 },
  });

  for (const label of ["A", "B", "C", "D"]) await getField(label).fill("");

  expect(await form.submit()).toEqual({ a: null, b: null, c: "" });
});
