import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { JoblibClient } from "../../../sdk/index.ts";
import { end, serve } from "../../e2e/terminals.ts";
import { createDatabase } from "../../support/postgres.ts";
import { type Site, startSite } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

test("an empty room shows how to start a worker, and lists the worker's jobs when the worker is online", async () => {
  const { page, errors } = await site.open("/rooms/lab");
  await page.getByText("No worker has registered a job yet.").waitFor();
  await page.getByText("npx joblib worker").waitFor();

  const worker = await site.startWorker();
  await page.getByRole("link", { name: "Greet" }).waitFor();
  await page.getByText("Greets a person by name.").waitFor();
  await page.getByText("1 worker").first().waitFor();

  worker.kill("SIGTERM");
  await worker.exit;
  await page.getByText("No worker has registered a job yet.").waitFor();
  expect(errors).toEqual([]);
});

test("a task's page explains in one sentence why the task is not running, until it runs", async () => {
  const first = await site.startWorker();
  const sleeping = await site.submit("Sleep", "why");
  await site.submit("Greet", "why", { name: "before" });
  const id = await site.submit("Greet", "why", { name: "behind" });
  const { page } = await site.open(`/tasks/${id}`);

  const why = page.locator(".diagnosis");
  await why.getByText("Why is it not running?").waitFor();
  await why.getByText(/The only worker for this job is busy/).waitFor();
  expect(await why.locator("dd").allInnerTexts()).toEqual(["2", "1 of 1 busy"]);

  await site.client.call("updateTask", { params: { task_id: sleeping }, body: { status: "cancelled" } });
  await page.getByText("hello behind").waitFor();
  expect(await why.count()).toBe(0);
  first.kill("SIGTERM");
  await first.exit;
});

test("the dashboard shows a banner while the server is unavailable, and afterwards shows new jobs without a reload", async () => {
  const env = { JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")) };
  const { server, url } = await serve(env);
  const { page } = await site.open("/");
  await page.goto(`${url}/rooms/lab/tasks`);
  await page.getByText("No tasks yet.").waitFor();

  await end(server);
  await page.getByText("Live updates are interrupted.").waitFor();
  const { server: again } = await serve(env, ["--port", new URL(url).port]);
  const client = new JoblibClient({ url });
  await client.call("registerJob", {
    params: { room_id: "lab" },
    body: { category: "browser", name: "Later", schema: { type: "object" } },
  });
  await client.call("submitTask", {
    params: { room_id: "lab", job_name: "private:browser:Later" },
    body: {},
  });

  await page.getByRole("link", { name: "Later" }).waitFor({ timeout: 25_000 });
  expect(await page.getByText("Live updates are interrupted.").count()).toBe(0);
  await end(again);
});
