import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileSchema } from "../../server/schemas/compile-schema.ts";
import { DEFAULT_CASES } from "../support/default-cases/index.ts";
import { type FormPage, FormPages } from "./form/form-page.ts";

let pages: FormPages;
let form: FormPage;

beforeAll(async () => {
  pages = await FormPages.start();
  form = await pages.open();
});

afterAll(() => pages[Symbol.asyncDispose]());

describe("defaults", () => {
  test.each(DEFAULT_CASES)("an unedited form submits the expected payload: $name", async ({
    schema,
    form: expected,
  }) => {
    await form.show({ schema });

    const payload = await form.trySubmit();

    expect(payload).toEqual(expected);
    if (payload !== undefined) expect(compileSchema(schema)(payload)).toEqual([]);
    expect(form.errors).toEqual([]);
  });
});
