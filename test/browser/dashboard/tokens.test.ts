import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../e2e/terminals.ts";
import { type Site, startSite } from "./site.ts";

const SECRET = { JOBLIB_JWT_SECRET: "a secret of these tests, of 32 bytes and more" };

let site: Site;

beforeAll(async () => {
  site = await startSite(SECRET);
});

afterAll(() => site[Symbol.asyncDispose]());

const createTokenFor = async (rooms: string) => {
  const { stdout } = await run(["token", "create", "--sub", "ada", "--rooms", rooms], SECRET);
  return stdout.trim();
};

test("the dashboard asks for a token if the server requires a token, and stores the token only for the browser tab", async () => {
  const { page } = await site.open("/rooms/lab/tasks");
  const prompt = page.getByRole("dialog", { name: "Enter a token" });
  await prompt.waitFor();

  await prompt.getByRole("textbox", { name: "Token" }).fill("not a token");
  await prompt.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("dialog", { name: "Token not accepted" }).waitFor();
  await page.getByRole("textbox", { name: "Token" }).fill(await createTokenFor("lab"));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("No tasks yet.").waitFor();
  await page.reload();
  await page.getByText("No tasks yet.").waitFor();

  expect(await page.context().cookies()).toEqual([]);
  expect(await page.evaluate(() => ({ ...localStorage }))).toEqual({});
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole("dialog", { name: "Enter a token" }).waitFor();
});

test("the page of a room shows an error if the token does not include the room", async () => {
  const { page } = await site.open("/rooms/vault/tasks");
  await page.getByRole("textbox", { name: "Token" }).fill(await createTokenFor("lab"));
  await page.getByRole("button", { name: "Continue" }).click();

  await page.getByRole("alert").getByText("Permission denied", { exact: true }).waitFor();
});
