import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { JsonObject } from "../../protocol/index.ts";
import { toParameterSchema } from "../../sdk/extension/parameter-schema.ts";
import { compileSchema } from "../../server/schemas/compile-schema.ts";
import { type FormPage, FormPages } from "./form/form-page.ts";

const PYDANTIC: JsonObject = JSON.parse(
  readFileSync(new URL("../server/schemas/pydantic.fixture.json", import.meta.url), "utf8"),
);

const toSchema = (shape: z.ZodRawShape) => toParameterSchema(z.object(shape), "a test's parameters");

/** Returns the errors that the server finds in a payload. */
const validateOnServer = (schema: JsonObject, payload: JsonObject | undefined) =>
  compileSchema(schema)(payload);

let pages: FormPages;
let form: FormPage;

beforeAll(async () => {
  pages = await FormPages.start();
});

afterAll(() => pages[Symbol.asyncDispose]());

const open = async (schema: JsonObject, more: object = {}) => {
  form = await pages.open({ timezoneId: "Europe/Berlin" });
  await form.show({ schema, ...more });
  return form.page;
};

const getField = (label: string) => form.page.getByLabel(label, { exact: true });

describe("zod", () => {
  test("a form of a zod schema submits texts, numbers, choices and checkboxes as a payload that the server accepts", async () => {
    const schema = toSchema({
      smiles: z.string().min(1).describe("The molecule"),
      steps: z.int().min(1).max(1000).default(100),
      angle: z.number(),
      method: z.enum(["fast", "exact"]),
      field: z.enum(["MMFF94", "UFF", "GAFF", "OPLS"]).optional(),
      verbose: z.boolean().default(true),
      strict: z.boolean(),
      mail: z.email().optional(),
      at: z.iso.datetime().optional(),
      home: z.url().optional(),
      notes: z.string().max(5000).optional(),
    });
    await open(schema);

    await getField("Smiles").fill("CCO");
    await getField("Angle").fill("-1.5e1");
    await getField("exact").check();
    await getField("Field").selectOption("GAFF");
    await getField("Verbose").uncheck();
    await getField("Mail").fill("ada@example.org");
    await getField("At").fill("2026-01-01T12:00:00");
    await getField("Home").fill("https://example.org/a");
    await getField("Notes").fill("first\nsecond");
    const payload = await form.submit();

    expect(payload).toEqual({
      smiles: "CCO",
      steps: 100,
      angle: -15,
      method: "exact",
      field: "GAFF",
      verbose: false,
      strict: false,
      mail: "ada@example.org",
      at: "2026-01-01T11:00:00Z",
      home: "https://example.org/a",
      notes: "first\nsecond",
    });
    expect(validateOnServer(schema, payload)).toEqual([]);
    expect(form.errors).toEqual([]);
  });

  test("a form of a zod schema submits defaults and omits empty optional values if nothing was edited", async () => {
    const schema = toSchema({
      steps: z.int().default(100),
      tags: z.array(z.string()).default(["a", "b"]),
      box: z.object({ name: z.string(), size: z.number().default(1) }).optional(),
      pet: z.discriminatedUnion("kind", [z.object({ kind: z.literal("cat") })]).optional(),
      list: z.array(z.string()).min(1).optional(),
      either: z.union([z.string(), z.number()]).optional(),
      seed: z.int().nullable().default(null),
      inner: z.object({ x: z.number().default(2) }),
    });
    await open(schema);

    const payload = await form.submit();

    expect(payload).toEqual({ steps: 100, tags: ["a", "b"], seed: null, inner: { x: 2 } });
    expect(validateOnServer(schema, payload)).toEqual([]);
  });

  test("a form of a zod schema lets the user add, remove and move items of lists", async () => {
    const schema = toSchema({ names: z.array(z.string()), points: z.array(z.tuple([z.number(), z.int()])) });
    await open(schema);

    for (const name of ["one", "two", "three"]) {
      await getField("Add to Names").click();
      await form.page.locator("[data-pointer^='/names/'] input").last().fill(name);
    }
    await getField("Move up item 3").click();
    await getField("Remove item 1").click();
    await getField("Add to Points").click();
    await form.page.locator("[data-pointer='/points/0/0'] input").fill("0.5");
    await form.page.locator("[data-pointer='/points/0/1'] input").fill("7");
    const payload = await form.submit();

    expect(payload).toEqual({ names: ["three", "two"], points: [[0.5, 7]] });
    expect(validateOnServer(schema, payload)).toEqual([]);
  });

  test("a form of a zod schema shows the fields of the selected option of a union", async () => {
    const schema = toSchema({
      pet: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("cat"), lives: z.int() }),
        z.object({ kind: z.literal("dog"), name: z.string() }),
      ]),
      either: z.union([z.string(), z.number()]),
    });
    await open(schema);

    await getField("Type of Pet").selectOption("dog");
    await getField("Name").fill("Rex");
    await getField("Type of Either").selectOption("Number");
    await form.page.locator("[data-pointer='/either'] input").fill("4");
    const payload = await form.submit();

    expect(payload).toEqual({ pet: { kind: "dog", name: "Rex" }, either: 4 });
    expect(validateOnServer(schema, payload)).toEqual([]);
    expect(await getField("Lives").count()).toBe(0);
  });

  test("a form of a zod schema lets the user edit the names of record entries, and values of any type as JSON", async () => {
    const schema = toSchema({
      weights: z.record(z.string(), z.number()),
      by: z.record(z.enum(["low", "high"]), z.int()),
      anything: z.unknown(),
    });
    await open(schema);

    await form.page.locator("[data-pointer='/weights']").getByRole("button", { name: "Add" }).click();
    await getField("Name").fill("carbon");
    await getField("Name").blur();
    await form.page.locator("[data-pointer='/weights/carbon'] input").fill("12.011");
    await getField("Low").fill("1");
    await getField("High").fill("2");
    await getField("Anything").fill('{"deep": [1, null]}');
    const payload = await form.submit();

    expect(payload).toEqual({
      weights: { carbon: 12.011 },
      by: { low: 1, high: 2 },
      anything: { deep: [1, null] },
    });
    expect(validateOnServer(schema, payload)).toEqual([]);
  });
});

describe("pydantic", () => {
  test("a form of a pydantic schema submits references, nullable fields, tuples, unions and trees as a payload that the server accepts", async () => {
    await open(PYDANTIC);

    await getField("Id").fill("6f9619ff-8b86-4011-b42d-00cf4fc964ff");
    await getField("At").fill("2026-01-02T03:04:05");
    for (const name of ["Pair", "Pet", "Tree"]) await getField(`Add ${name}`).click();
    await form.page.locator("[data-pointer='/pair/0'] input").fill("3");
    await form.page.locator("[data-pointer='/pair/1'] input").fill("x");
    await getField("Type of Pet").selectOption("Dog");
    await getField("Name").fill("Rex");
    await getField("Value").fill("1.5");
    await getField("Add to Children").click();
    await form.page.locator("[data-pointer='/tree/children/0/value'] input").fill("2");
    const payload = await form.submit();

    expect(payload).toEqual({
      id: "6f9619ff-8b86-4011-b42d-00cf4fc964ff",
      at: "2026-01-02T02:04:05Z",
      angle: null,
      pair: [3, "x"],
      pet: { kind: "dog", name: "Rex" },
      tree: { value: 1.5, children: [{ value: 2, children: [] }] },
    });
    expect(validateOnServer(PYDANTIC, payload)).toEqual([]);
    expect(form.errors).toEqual([]);
  });

  test("a form of a pydantic schema lets the user remove an optional object after adding it", async () => {
    await open(PYDANTIC, {
      initial: { id: "6f9619ff-8b86-4011-b42d-00cf4fc964ff", at: "2026-01-02T03:04:05Z" },
    });

    await getField("Add Tree").click();
    await getField("Remove Tree").click();
    const payload = await form.submit();

    expect(payload).toEqual({
      id: "6f9619ff-8b86-4011-b42d-00cf4fc964ff",
      at: "2026-01-02T03:04:05Z",
      angle: null,
    });
  });
});
