import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Site, startSite } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

const readStatus = async (id: string) => (await site.task(id)).status;

test("a worker's page lists its tasks, and a drained worker stops when its tasks have ended", async () => {
  const worker = await site.startWorker(["--name", "laptop"]);
  const task = await site.submit("Sleep", "lab");
  const { page, errors } = await site.open("/rooms/lab/workers");
  await page.getByText("busy").waitFor();
  await page.getByText(/1 task/).waitFor();

  await page.getByRole("link", { name: "laptop" }).click();
  await page.getByRole("link", { name: "Sleep" }).first().waitFor();
  await page.getByText("sleeping").waitFor();
  await page.getByRole("button", { name: "Drain…" }).click();
  await page.getByText("It has 1 task.").waitFor();
  await page.getByRole("button", { name: "Drain", exact: true }).click();
  await page.getByText("draining").first().waitFor();

  expect(await readStatus(task)).toBe("running");
  await site.client.call("updateTask", { params: { task_id: task }, body: { status: "cancelled" } });
  expect((await worker.exit).code).toBe(0);
  expect(errors).toEqual([]);
});

test("a worker is removed after confirmation, and its running task fails", async () => {
  await site.startWorker(["--name", "stuck"]);
  const task = await site.submit("Sleep", "remove");
  await eventually(
    () => readStatus(task),
    (status) => status === "running",
    { timeoutMs: 15_000 },
  );
  const { page } = await site.open("/rooms/remove/workers");
  await page.getByRole("link", { name: "stuck" }).click();

  await page.getByRole("button", { name: "Remove…" }).click();
  await page.getByText("The worker is removed immediately").waitFor();
  expect(await readStatus(task)).toBe("running");
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.waitForURL(/\/workers$/);

  expect(await readStatus(task)).toBe("failed");
});
