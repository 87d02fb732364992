import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { findNginx, nginxConfiguration } from "../support/nginx.ts";
import { createDatabase } from "../support/postgres.ts";
import { debianPostgresDirectories, findPrograms } from "../support/programs.ts";
import { blocksOf } from "./blocks.ts";
import { follow } from "./reader.ts";
import { snippetsOf } from "./snippets.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGES = ["docs/worker.md", "docs/embedding.md", "docs/operating.md", "docs/protocol.md"];
/** Two servers and a worker start on a busy machine. */
const timeout = 180_000;

const usual = () => ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
const withPrograms = (...found: readonly string[]) => ({
  PATH: [process.env["PATH"] ?? "", ...found].join(delimiter),
});

test("whoever copies from docs/worker.md has a worker, and its task's result", { timeout }, async () => {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;

  await follow("docs/worker.md", { env: { JOBLIB_PORT: port, JOBLIB_URL: url }, instead: {} });
});

describe("whoever copies from docs/embedding.md has an application with users, rooms and jobs", () => {
  const curl = () => findPrograms({ names: ["curl"], aptPackage: "curl", directories: usual });

  test("in memory", { timeout }, async () => {
    const port = String(await freePort());

    await follow("docs/embedding.md", {
      env: { PORT: port, ...withPrograms(curl()) },
      instead: { "3000": port },
    });
  });

  test("in PostgreSQL", { timeout }, async () => {
    const port = String(await freePort());
    const DATABASE_URL = await createDatabase(inject("postgresUrl"));

    await follow("docs/embedding.md", {
      env: { PORT: port, DATABASE_URL, ...withPrograms(curl()) },
      instead: { "3000": port },
    });
  });
});

test("whoever copies from docs/operating.md has two servers behind nginx", { timeout }, async () => {
  const postgres = findPrograms({
    names: ["psql", "pg_dump", "pg_restore"],
    aptPackage: "postgresql-client",
    directories: debianPostgresDirectories,
  });
  const openssl = findPrograms({ names: ["openssl"], aptPackage: "openssl", directories: usual });
  const ports = { "7801": String(await freePort()), "7802": String(await freePort()) };
  const instead = { ...ports, "8080": String(await freePort()) };
  const { directory, remove } = nginxConfiguration(instead);
  onTestFinished(remove);

  await follow("docs/operating.md", {
    env: withPrograms(postgres, openssl, findNginx()),
    instead: {
      ...instead,
      "postgres://postgres@127.0.0.1:5432/joblib": await createDatabase(inject("postgresUrl")),
      "redis://127.0.0.1:6379": inject("redisUrl"),
      "$PWD/docs/nginx": directory,
      joblib_restored: `restored_${randomUUID().replaceAll("-", "")}`,
    },
  });
});

test("whoever copies from docs/protocol.md has been a worker by hand", { timeout }, async () => {
  const python = findPrograms({ names: ["python3"], aptPackage: "python3", directories: usual });
  const jq = findPrograms({ names: ["curl", "jq"], aptPackage: "jq", directories: usual });
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;

  await follow("docs/protocol.md", {
    env: { JOBLIB_PORT: port, JOBLIB_URL: url, JOBLIB_DATA_DIR: "memory://", ...withPrograms(python, jq) },
    instead: { "7800": port },
  });
});

test.each(PAGES)("%s begins with something that is run here", (page) => {
  const blocks = blocksOf(page);

  expect(blocks.filter(({ kind }) => kind === "unmarked")).toEqual([]);
  expect(blocks.filter(({ kind }) => kind === "terminal" || kind === "run").length).toBeGreaterThan(1);
  expect(["terminal", "run"]).toContain(blocks[0]?.kind);
});

test("the extension that docs/worker.md shows is the one that it runs", () => {
  const shown = snippetsOf("docs/worker.md").get("greet.ts");

  expect(shown).toBe(readFileSync(join(ROOT, "examples/greet.ts"), "utf8"));
});
