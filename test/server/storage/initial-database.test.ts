import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { pendingMigrations } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { insertPendingTask, readTask, registerJob } from "../../conformance/storage-fixture.ts";

const makeDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-initial-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
};

const open = async (dataDir: string) => {
  const orm = await openDatabase({ dataDir });
  onTestFinished(() => orm.close());
  return orm;
};

test("a new embedded database has all migrations applied and stores tasks", async () => {
  const orm = await open(makeDirectory());

  expect(await pendingMigrations(orm)).toEqual([]);
  const storage = createStorage(orm);
  const { task } = await insertPendingTask(storage, await registerJob(storage));
  expect((await readTask(storage, task.id)).task.status).toBe("pending");
});

test("a new embedded database replaces the files of an interrupted start", async () => {
  const dataDir = makeDirectory();
  mkdirSync(join(dataDir, "database.new", "base"), { recursive: true });
  writeFileSync(join(dataDir, "database.new", "PG_VERSION"), "");

  const orm = await open(dataDir);

  expect(await pendingMigrations(orm)).toEqual([]);
});
