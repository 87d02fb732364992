import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../e2e/terminals.ts";
import { type Site, startSite } from "./site.ts";

const SECRET = { JOBLIB_JWT_SECRET: "a secret of these tests, of 32 bytes and more" };

let site: Site;

beforeAll(async () => {
  site = await startSite(SECRET);
});

afterAll(() => site[Symbol.asyncDispose]());

const tokenFor = async (rooms: string) => {
  const { stdout } = await run(["token", "create", "--sub", "ada", "--rooms", rooms], SECRET);
  return stdout.trim();
};

test("a server with tokens is asked for one, and the page goes on with it; it is kept in the tab alone", async () => {
  const { page } = await site.open("/rooms/lab/tasks");
  const prompt = page.getByRole("dialog", { name: "Who are you?" });
  await prompt.waitFor();

  await prompt.getByRole("textbox", { name: "Token" }).fill("no token at all");
  await prompt.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("dialog", { name: "That token is not accepted" }).waitFor();
  await page.getByRole("textbox", { name: "Token" }).fill(await tokenFor("lab"));
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("Nobody has asked for anything here yet.").waitFor();
  await page.reload();
  await page.getByText("Nobody has asked for anything here yet.").waitFor();

  expect(await page.context().cookies()).toEqual([]);
  expect(await page.evaluate(() => ({ ...localStorage }))).toEqual({});
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole("dialog", { name: "Who are you?" }).waitFor();
});

test("a room that a token does not open is refused in words", async () => {
  const { page } = await site.open("/rooms/vault/tasks");
  await page.getByRole("textbox", { name: "Token" }).fill(await tokenFor("lab"));
  await page.getByRole("button", { name: "Go on" }).click();

  await page.getByRole("alert").getByText("You may not do that").waitFor();
});
