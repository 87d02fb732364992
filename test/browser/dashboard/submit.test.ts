import { afterAll, beforeAll, expect, test } from "vitest";
import { type Site, startSite } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await startSite();
  await site.startWorker();
});

afterAll(() => site[Symbol.asyncDispose]());

const GREET = "/rooms/lab/jobs/public:browser:Greet";

test("a job's page shows the progress, the log and the result of the task after the form was submitted", async () => {
  const { page, errors } = await site.open(GREET);

  await page.getByLabel("Name").fill("ada lovelace");
  await page.getByLabel("Shout").check();
  await page.getByRole("button", { name: "Submit" }).click();
  const panel = page.getByRole("article", { name: "Submitted task" });
  await panel.getByRole("progressbar").waitFor();
  await panel.getByText("completed").waitFor();

  await panel.getByText("HELLO ADA LOVELACE").waitFor();
  expect(await panel.getByRole("log").innerText()).toContain("said l");
  expect(errors).toEqual([]);
  // The URL contains the id of the task, so that a reload shows the task again.
  await page.reload();
  await panel.getByText("HELLO ADA LOVELACE").waitFor();
});

test("a validation error of the server is shown at its field, and the corrected form is accepted", async () => {
  const { page } = await site.open(GREET);

  await page.getByLabel("Name").fill("x");
  await page.getByRole("button", { name: "Submit" }).click();
  const name = page.getByLabel("Name");
  await page.waitForFunction(() => document.querySelector("[aria-invalid=true]") !== null);

  expect(await name.getAttribute("aria-invalid")).toBe("true");
  expect(
    (await site.client.call("listRoomTasks", { params: { room_id: "lab" }, query: { q: '"x"' } })).body.items,
  ).toEqual([]);
  await name.fill("xenia");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByText("hello xenia").waitFor();
});

test("options are submitted with the task, and an invalid option is shown at its field", async () => {
  const { page } = await site.open(GREET);

  await page.getByLabel("Name").fill("grace");
  await page.getByText("Options", { exact: true }).click();
  await page.getByLabel("Priority").fill("1000");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.waitForFunction(() => document.querySelector('input[aria-invalid="true"]') !== null);
  expect(await page.getByLabel("Priority").getAttribute("aria-invalid")).toBe("true");

  await page.getByLabel("Priority").fill("7");
  await page.getByLabel("Attempts").fill("3");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByText("hello grace").waitFor();
  const id = new URL(page.url()).searchParams.get("task") ?? "";

  const { body } = await site.client.call("readTask", { params: { task_id: id } });
  expect(body).toMatchObject({ priority: 7, max_attempts: 3 });
});

test("a task can be submitted with only the keyboard", async () => {
  const { page } = await site.open("/rooms/lab");
  await page.getByRole("link", { name: "Greet" }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
  const tabTo = async (what: string) => {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press("Tab");
      if ((await focused()) === what) return;
    }
    throw new Error(`the Tab key does not reach ${what}`);
  };

  await tabTo("Greet");
  await page.keyboard.press("Enter");
  await page.getByLabel("Name").waitFor();
  for (let presses = 0; presses < 40; presses += 1) {
    if (await page.evaluate(() => document.activeElement?.matches("input[type=text]") === true)) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.type("keyboard");
  await tabTo("Submit");
  await page.keyboard.press("Enter");

  await page.getByText("hello keyboard").waitFor();
});

test("the payload of an ended task can be edited and submitted again", async () => {
  const id = await site.submit("Greet", "lab", { name: "first", times: 3 });
  const { page } = await site.open(`/tasks/${id}`);
  await page.getByText("hello firsthello firsthello first").waitFor();

  await page.getByRole("link", { name: "Run again with…" }).click();
  const name = page.getByLabel("Name");
  await name.waitFor();

  expect(await name.inputValue()).toBe("first");
  expect(await page.getByLabel("Times").inputValue()).toBe("3");
  await name.fill("second");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByText("hello secondhello secondhello second").waitFor();
});
