import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { findFreePort } from "../support/free-port.ts";
import { createNginxConfiguration, findNginx } from "../support/nginx.ts";
import { createDatabase } from "../support/postgres.ts";
import { findPrograms, getDebianPostgresDirectories } from "../support/programs.ts";
import { readBlocks } from "./blocks.ts";
import { runPage } from "./run-page.ts";
import { readSnippets } from "./snippets.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGES = [
  "docs/worker.md",
  "docs/output.md",
  "docs/embedding.md",
  "docs/operating.md",
  "docs/protocol.md",
];
/**
 * The timeout of a test in milliseconds. It is long enough to start two servers and a worker on a
 * busy machine.
 */
const timeout = 180_000;

const getProgramDirectories = () => ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
const addToPath = (...found: readonly string[]) => ({
  PATH: [process.env["PATH"] ?? "", ...found].join(delimiter),
});

test("the commands of docs/worker.md start a worker and print the result of a task", {
  timeout,
}, async () => {
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;

  await runPage("docs/worker.md", { env: { JOBLIB_PORT: port, JOBLIB_URL: url }, replacements: {} });
});

test("the commands of docs/output.md print the output of a task as it arrives", { timeout }, async () => {
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const jq = findPrograms({ names: ["jq"], aptPackage: "jq", directories: getProgramDirectories });

  await runPage("docs/output.md", {
    env: { JOBLIB_PORT: port, JOBLIB_URL: url, ...addToPath(jq) },
    replacements: {},
  });
});

describe("docs/embedding.md", () => {
  const findCurl = () =>
    findPrograms({ names: ["curl"], aptPackage: "curl", directories: getProgramDirectories });

  test("the commands of docs/embedding.md start an application with an in-memory database", {
    timeout,
  }, async () => {
    const port = String(await findFreePort());

    await runPage("docs/embedding.md", {
      env: { PORT: port, ...addToPath(findCurl()) },
      replacements: { "3000": port },
    });
  });

  test("the commands of docs/embedding.md start an application with PostgreSQL", { timeout }, async () => {
    const port = String(await findFreePort());
    const DATABASE_URL = await createDatabase(inject("postgresUrl"));

    await runPage("docs/embedding.md", {
      env: { PORT: port, DATABASE_URL, ...addToPath(findCurl()) },
      replacements: { "3000": port },
    });
  });
});

test("the commands of docs/operating.md start two servers behind nginx", { timeout }, async () => {
  const postgres = findPrograms({
    names: ["psql", "pg_dump", "pg_restore"],
    aptPackage: "postgresql-client",
    directories: getDebianPostgresDirectories,
  });
  const openssl = findPrograms({
    names: ["openssl"],
    aptPackage: "openssl",
    directories: getProgramDirectories,
  });
  const ports = { "7801": String(await findFreePort()), "7802": String(await findFreePort()) };
  const replacements = { ...ports, "8080": String(await findFreePort()) };
  const { directory, remove } = createNginxConfiguration(replacements);
  onTestFinished(remove);

  await runPage("docs/operating.md", {
    env: addToPath(postgres, openssl, findNginx()),
    replacements: {
      ...replacements,
      "postgres://postgres@127.0.0.1:5432/joblib": await createDatabase(inject("postgresUrl")),
      "redis://127.0.0.1:6379": inject("redisUrl"),
      "$PWD/docs/nginx": directory,
      joblib_restored: `restored_${randomUUID().replaceAll("-", "")}`,
    },
  });
});

test("the commands of docs/protocol.md run a task without the SDK", { timeout }, async () => {
  const python = findPrograms({
    names: ["python3"],
    aptPackage: "python3",
    directories: getProgramDirectories,
  });
  const jq = findPrograms({ names: ["curl", "jq"], aptPackage: "jq", directories: getProgramDirectories });
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;

  await runPage("docs/protocol.md", {
    env: { JOBLIB_PORT: port, JOBLIB_URL: url, JOBLIB_DATA_DIR: "memory://", ...addToPath(python, jq) },
    replacements: { "7800": port },
  });
});

test.each(
  PAGES,
)("%s starts with a command, and every shell block declares whether the tests run it", (page) => {
  const blocks = readBlocks(page);

  expect(blocks.filter(({ kind }) => kind === "unmarked")).toEqual([]);
  expect(blocks.filter(({ kind }) => kind === "terminal" || kind === "run").length).toBeGreaterThan(1);
  expect(["terminal", "run"]).toContain(blocks[0]?.kind);
});

test.each([
  ["docs/worker.md", "greet.ts"],
  ["docs/output.md", "story.ts"],
])("%s shows the same extension as examples/%s", (page, file) => {
  const shown = readSnippets(page).get(file);

  expect(shown).toBe(readFileSync(join(ROOT, "examples", file), "utf8"));
});
