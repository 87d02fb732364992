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

describe("numbers", () => {
  test.each<[string, JsonObject, string]>([
    ["0.3 from 0.3 in steps of 0.1", { type: "number", minimum: 0.3, multipleOf: 0.1 }, "0.3"],
    ["1.1 from 0.3 in steps of 0.1", { type: "number", minimum: 0.3, multipleOf: 0.1 }, "1.1"],
    ["the rounding error of 0.1 + 0.2", { type: "number", multipleOf: 0.1 }, "0.30000000000000004"],
    ["very small steps", { type: "number", multipleOf: 1e-9 }, "0.123456789"],
    ["an exponent", { type: "integer" }, "1e3"],
    ["leading zeros", { type: "integer" }, "007"],
    ["the largest integer", { type: "integer" }, "9007199254740991"],
    ["a double", { type: "number" }, "1e300"],
  ])("a form accepts a number if the server accepts the number: %s", async (_, x, text) => {
    const schema = await show({ x });

    await getField("X").fill(text);
    const payload = await form.submit();

    expect(payload).toEqual({ x: Number(text) });
    expect(compileSchema(schema)(payload)).toEqual([]);
  });

  test.each<[string, JsonObject, string, string]>([
    [
      "a number between two steps",
      { type: "number", minimum: 0.3, multipleOf: 0.1 },
      "0.35",
      "must be a multiple of 0.1",
    ],
    ["the exclusive minimum", { type: "number", exclusiveMinimum: 0 }, "0", "must be greater than 0"],
    ["the exclusive maximum", { type: "number", exclusiveMaximum: 1 }, "1", "must be less than 1"],
    ["a fraction in steps of a half", { type: "integer", multipleOf: 0.5 }, "1.5", "must be a whole number"],
    ["an integer beyond 2^53", { type: "integer" }, "9007199254740993", "cannot be sent exactly"],
    [
      "an integer beyond 2^53 with a decimal point",
      { type: "integer" },
      "9007199254740993.0",
      "cannot be sent exactly",
    ],
    [
      "an integer beyond 2^53 in a number field",
      { type: "number" },
      "12345678901234567890",
      "cannot be sent exactly",
    ],
  ])("a form shows an error for a number that is invalid or cannot be sent exactly: %s", async (_, x, text, reason) => {
    await show({ x });

    await getField("X").fill(text);

    expect(await form.trySubmit()).toBeUndefined();
    expect(await getField("X").inputValue()).toBe(text);
    expect(await form.readError("/x")).toContain(reason);
  });

  test("a form does not switch to JSON while the form contains a number that cannot be sent exactly, and keeps the number", async () => {
    await show({ x: { type: "integer" }, y: {} });

    await getField("X").fill("9007199254740993");
    await getButton("Edit as JSON").click();
    expect(await getField("X").inputValue()).toBe("9007199254740993");
    expect(await form.readError("/x")).toContain("cannot be sent exactly");

    await getField("X").fill("3");
    await getField("Y").fill('{"id": 9007199254740993}');
    expect(await form.trySubmit()).toBeUndefined();
    expect(await form.readError("/y")).toContain("9007199254740993 cannot be sent exactly");

    await getField("Y").fill('{"id": "9007199254740993", "small": 9007199254740991}');
    expect(await form.submit()).toEqual({ x: 3, y: { id: "9007199254740993", small: 9007199254740991 } });
  });

  test("a form does not round numbers in the JSON editor", async () => {
    await show({ x: { type: "integer" } });
    await openJson();

    await getField("Payload, as JSON").fill('{"x": 9007199254740993}');

    expect(await form.trySubmit()).toBeUndefined();
    expect(await form.page.getByText("9007199254740993 cannot be sent exactly").isVisible()).toBe(true);
    await getField("Payload, as JSON").fill('{"x": 1e400}');
    expect(await form.trySubmit()).toBeUndefined();
    await getField("Payload, as JSON").fill('{"x": 12}');
    expect(await form.submit()).toEqual({ x: 12 });
  });

  test("a form disables a choice that cannot be sent exactly", async () => {
    await show({ x: { enum: [1, 2 ** 60] } });

    expect(await getField("X").locator("option:disabled").allTextContents()).toEqual([
      "1152921504606847000 (number too large to send exactly)",
    ]);
  });
});
