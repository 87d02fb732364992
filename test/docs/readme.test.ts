import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildCommandTables, replaceTables } from "../../scripts/command-tables.ts";
import { spawnProcess } from "../support/processes.ts";
import { readSnippets } from "./snippets.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const OPTIONS =
  "--ignoreConfig --noEmit --strict --skipLibCheck --allowImportingTsExtensions --target esnext --module nodenext --types node";

test("README.md lists the commands and exit codes of the command line (npm run docs:commands)", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");

  expect(readme).toBe(replaceTables(readme, await buildCommandTables()));
});

test("every TypeScript file in the documentation compiles", { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(import.meta.dirname, "tmp-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const documents = [
    "README.md",
    "docs/worker.md",
    "docs/output.md",
    "docs/embedding.md",
    "docs/forms.md",
    "docs/observability.md",
  ];
  const files = new Map(documents.flatMap((document) => [...readSnippets(document)]));
  for (const [name, code] of files) writeFileSync(join(directory, name), code);

  const paths = [...files.keys()].map((name) => join(directory, name));
  const tsc = spawnProcess(process.execPath, [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    ...OPTIONS.split(" "),
    ...paths,
  ]);
  await tsc.exit;

  expect(files.size).toBe(17);
  expect(tsc.stdout()).toBe("");
});
