import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { end, joblib, run } from "./terminals.ts";

const buildExtension = (answer: string) => `
  import { Extension } from "joblib";
  import * as z from "zod";
  export class Answer extends Extension("dev", { ${answer === "two" ? "more: z.number().default(1)" : ""} }) {
    async run() { return ${JSON.stringify(answer)}; }
  }
`;

test("`joblib dev` starts a server, runs tasks, reloads saved files, and keeps the last valid version after a syntax error", async () => {
  const directory = mkdtempSync(join(resolve(import.meta.dirname), "tmp-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "extensions.ts");
  writeFileSync(file, buildExtension("one"));
  const dev = joblib(["dev", file, "--port", "0"]);
  const [url] = await dev.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, 30_000);
  await dev.waitForLine(/public:dev:Answer/, 30_000);
  const env = { JOBLIB_URL: url };
  const runTask = async () => {
    const args = ["tasks", "submit", "public:dev:Answer", "--wait", "10", "--json"];
    return JSON.parse((await run(args, env)).stdout).result;
  };
  expect(await runTask()).toBe("one");

  writeFileSync(file, "export class {");
  await dev.waitForLine(/extensions\.ts/, 15_000);
  expect(await runTask()).toBe("one");

  writeFileSync(file, buildExtension("two"));
  await eventually(runTask, (answer) => answer === "two", { timeoutMs: 20_000, intervalMs: 200 });

  expect(await end(dev)).toBe(0);
}, 90_000);
