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
const getField = (label: string) => form.page.getByLabel(label, { exact: true });
const getButton = (name: string) => form.page.getByRole("button", { name, exact: true });
const writtenJson = async (): Promise<string> => {
  await getButton("Edit as JSON").click();
  return await getField("Payload, as JSON").inputValue();
};

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

    await getField("X").fill(text);
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

    await getField("X").fill(text);

    expect(await form.submit()).toBeUndefined();
    expect(await getField("X").inputValue()).toBe(text);
    expect(await form.fault("/x")).toContain(reason);
  });

  test("that cannot be sent exactly is not lost or rounded by switching to JSON", async () => {
    await show({ x: { type: "integer" }, y: {} });

    await getField("X").fill("9007199254740993");
    await getButton("Edit as JSON").click();
    expect(await getField("X").inputValue()).toBe("9007199254740993");
    expect(await form.fault("/x")).toContain("cannot be sent exactly");

    await getField("X").fill("3");
    await getField("Y").fill('{"id": 9007199254740993}');
    expect(await form.submit()).toBeUndefined();
    expect(await form.fault("/y")).toContain("9007199254740993 cannot be sent exactly");

    await getField("Y").fill('{"id": "9007199254740993", "small": 9007199254740991}');
    expect(await form.submit()).toEqual({ x: 3, y: { id: "9007199254740993", small: 9007199254740991 } });
  });

  test("is not rounded in the JSON of the payload", async () => {
    await show({ x: { type: "integer" } });
    await writtenJson();

    await getField("Payload, as JSON").fill('{"x": 9007199254740993}');

    expect(await form.submit()).toBeUndefined();
    expect(await form.page.getByText("9007199254740993 cannot be sent exactly").isVisible()).toBe(true);
    await getField("Payload, as JSON").fill('{"x": 1e400}');
    expect(await form.submit()).toBeUndefined();
    await getField("Payload, as JSON").fill('{"x": 12}');
    expect(await form.submit()).toEqual({ x: 12 });
  });

  test("of a choice that was rounded with the schema cannot be chosen", async () => {
    await show({ x: { enum: [1, 2 ** 60] } });

    expect(await getField("X").locator("option:disabled").allTextContents()).toEqual([
      "1152921504606847000 (too large to be sent exactly)",
    ]);
  });
});
