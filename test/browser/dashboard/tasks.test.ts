import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Site, startSite } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await startSite();
  await site.startWorker();
});

afterAll(() => site[Symbol.asyncDispose]());

const readStatus = async (id: string) => (await site.task(id)).status;

test("a running task is cancelled after confirmation", async () => {
  const id = await site.submit("Sleep", "cancel");
  const { page, errors } = await site.open(`/tasks/${id}`);
  await page.getByText("sleeping").waitFor();
  expect(await page.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("40");

  await page.getByRole("button", { name: "Cancel" }).click();
  expect(await readStatus(id)).toBe("running");
  await page.getByRole("button", { name: "Cancel task" }).click();
  await page.getByRole("heading", { level: 1 }).getByText("cancelled").waitFor();

  expect(await readStatus(id)).toBe("cancelled");
  expect(errors).toEqual([]);
});

test("the output of a task grows while the task runs, and stays on the page after its end", async () => {
  const directory = await mkdtemp(join(tmpdir(), "joblib-output-"));
  const gate = join(directory, "gate");
  const id = await site.submit("Tell", "output", { gate });
  const { page, errors } = await site.open(`/tasks/${id}`);
  const output = page.getByRole("region", { name: "Output", exact: true }).last();
  await page.getByText("word 14").waitFor();
  expect(await page.getByRole("heading", { level: 1 }).innerText()).toContain("running");

  await writeFile(gate, "");
  await page.getByText("word 15").waitFor();
  await page.getByRole("heading", { level: 1 }).getByText("completed").waitFor();

  await expect.poll(() => output.innerText()).toContain('{"words":15}');
  expect(await output.innerText()).toContain("<script>");
  expect(await page.evaluate("window.hacked")).toBeUndefined();
  await page.reload();
  await page.getByText("word 15").waitFor();
  expect(errors).toEqual([]);
  await rm(directory, { recursive: true });
});

test("the response to a retry does not replace a newer state of the task", async () => {
  const id = await site.submit("FailOnce", "retry");
  const { page } = await site.open(`/tasks/${id}`);
  await page.getByText("the first time never works").first().waitFor();
  const heading = page.getByRole("heading", { level: 1 });
  // Delays the response to the retry, in which the task is pending, until the page shows from its
  // event stream that the task is completed.
  await page.route("**/retry", async (route) => {
    const response = await route.fetch();
    await heading.getByText("completed").waitFor();
    await route.fulfill({ response });
  });

  await page.getByRole("button", { name: "Retry" }).click();
  const response = await page.waitForResponse("**/retry");
  expect(await response.json()).toMatchObject({ status: "pending" });
  await page
    .getByRole("button", { name: "Run again with" })
    .or(page.getByRole("link", { name: "Run again with" }))
    .waitFor();

  expect(await heading.innerText()).toContain("completed");
});

test("a failed task is retried, and its timeline lists all attempts", async () => {
  const id = await site.submit("FailOnce", "retry");
  const { page } = await site.open(`/tasks/${id}`);
  await page.getByText("the first time never works").first().waitFor();

  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByRole("heading", { level: 1 }).getByText("completed").waitFor();

  await page.getByText("second").waitFor();
  const events = page.getByRole("listitem").filter({ hasText: /^Attempt/ });
  await events.nth(1).waitFor();
  expect(await events.allInnerTexts()).toEqual([
    expect.stringMatching(/Attempt 1[\s\S]*failed[\s\S]*the first time never works/),
    expect.stringMatching(/Attempt 2[\s\S]*completed/),
  ]);
});

test("cancelling many tasks asks for a confirmation that shows the number of tasks", async () => {
  const sleeping = await site.submit("Sleep", "bulk");
  const waiting = await Promise.all(
    ["one", "two", "three"].map((name) => site.submit("Greet", "bulk", { name })),
  );
  const { page, errors } = await site.open("/rooms/bulk/tasks?status=pending");
  await page.getByText("3 matching").waitFor();

  await page.getByRole("button", { name: "Cancel all…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("3 tasks will be cancelled.").waitFor();
  expect(await Promise.all(waiting.map(readStatus))).toEqual(["pending", "pending", "pending"]);
  await dialog.getByRole("button", { name: "Cancel 3 tasks" }).click();
  await page.getByText("3 tasks cancelled.").waitFor();

  expect(await Promise.all(waiting.map(readStatus))).toEqual(["cancelled", "cancelled", "cancelled"]);
  await page.getByText("No task matches.").waitFor();
  await site.client.call("updateTask", { params: { task_id: sleeping }, body: { status: "cancelled" } });
  expect(errors).toEqual([]);
});

test("retrying the selected tasks leaves the other tasks unchanged", async () => {
  const ids = await Promise.all([
    site.submit("Html", "chosen", { text: "fail" }),
    site.submit("Html", "chosen", { text: "fail" }),
  ]);
  const { page } = await site.open("/rooms/chosen/tasks?status=failed");
  await page.getByText("2 matching").waitFor();

  await page
    .getByRole("checkbox", { name: /^Select Html/ })
    .first()
    .check();
  await page.getByText("1 selected").waitFor();
  await page.getByRole("button", { name: "Retry selected…" }).click();
  await page.getByRole("button", { name: "Retry 1 task" }).click();
  await page.getByText("1 task retried.").waitFor();

  const attempts = await Promise.all(ids.map(async (id) => (await site.task(id)).errors.length));
  expect(attempts.toSorted()[0]).toBe(1);
});

test("the URL of a task list contains the filter and the search, and opening the URL restores both", async () => {
  await Promise.all(["needle", "hay"].map((name) => site.submit("Greet", "filters", { name })));
  const { page } = await site.open(
    "/rooms/filters/tasks?status=completed,failed&job=public:browser:Greet&q=needle",
  );

  await page.getByText("1 matching").waitFor();
  expect(await page.getByRole("checkbox", { name: "completed" }).isChecked()).toBe(true);
  expect(await page.getByRole("checkbox", { name: "failed" }).isChecked()).toBe(true);
  expect(await page.getByRole("checkbox", { name: "running" }).isChecked()).toBe(false);
  expect(await page.getByRole("combobox", { name: "Job" }).inputValue()).toBe("public:browser:Greet");
  expect(await page.getByRole("searchbox", { name: /^Search/ }).inputValue()).toBe("needle");

  await page.getByRole("searchbox", { name: /^Search/ }).fill("hay");
  await page.waitForURL(/q=hay/);
  await page.getByRole("checkbox", { name: "failed" }).uncheck();
  await page.waitForURL((url) => url.searchParams.get("status") === "completed");
  await page.getByText("1 matching").waitFor();
});

test("a long task list has several pages, and the URL contains the current page", async () => {
  await site.client.call("submitTasks", {
    params: { room_id: "pages" },
    body: {
      tasks: Array.from({ length: 60 }, (_, index) => ({
        job_name: "public:browser:Greet",
        payload: { name: `name ${index}` },
        delay_seconds: 3600,
      })),
    },
  });
  const { page } = await site.open("/rooms/pages/tasks");
  const rows = page.getByRole("checkbox", { name: /^Select Greet/ });
  await page.getByText("60 in total").waitFor();
  expect(await rows.count()).toBe(50);

  await page.getByRole("button", { name: "Older" }).click();
  await page.waitForURL(/after=/);
  await page.waitForFunction(() => document.querySelectorAll(".task-row").length === 10);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll(".task-row").length === 10);
  await page.getByRole("button", { name: "Newest" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".task-row").length === 50);
});
