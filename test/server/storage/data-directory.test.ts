import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { DataDirectoryError, holdDataDirectory } from "../../../server/storage/data-directory.ts";
import { openDatabase } from "../../../server/storage/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { aJob, aPendingTask, read } from "../../conformance/storage-fixture.ts";
import { spawnProcess } from "../../support/processes.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "joblib-data-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
});

const HOLDER = new URL("./data-directory.holder.ts", import.meta.url).pathname;

/** Another process that has the directory open and has put a task into it. */
const anotherProcess = async () => {
  const holder = spawnProcess(process.execPath, [HOLDER, directory]);
  const [, taskId = ""] = await holder.waitForLine(/task (\S+)/, 30_000);
  return { holder, taskId };
};

describe("an embedded database's directory", () => {
  test("keeps its data from one opening to the next", async () => {
    const first = await openDatabase({ dataDir: directory });
    await migrate(first);
    const { task } = await aPendingTask(createStorage(first), await aJob(createStorage(first)));
    await first.close();

    const second = await openDatabase({ dataDir: directory });
    onTestFinished(() => second.close());

    expect((await read(createStorage(second), task.id)).task).toEqual(task);
  });

  test("is refused to a second process in one line, and survives that the first is killed", async () => {
    const { holder, taskId } = await anotherProcess();

    const second = openDatabase({ dataDir: directory });
    await expect(second).rejects.toThrow(`${directory} is in use by process ${holder.pid}`);
    holder.kill("SIGKILL");
    await holder.exit;

    const orm = await openDatabase({ dataDir: directory });
    onTestFinished(() => orm.close());
    expect((await read(createStorage(orm), taskId)).task.status).toBe("pending");
  }, 60_000);

  test("is refused to a second opening in the same process", () => {
    const held = holdDataDirectory(directory);

    expect(() => holdDataDirectory(directory)).toThrow(DataDirectoryError);
    held.release();
    holdDataDirectory(directory).release();
    expect(existsSync(join(directory, "lock"))).toBe(false);
  });

  test.each([
    "999999999",
    "1 12345",
    "",
    "nonsense",
  ])("is taken over from a process that is gone (lock: %j)", (content) => {
    writeFileSync(join(directory, "lock"), content);

    const held = holdDataDirectory(directory);

    expect(readFileSync(join(directory, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} `));
    held.release();
  });

  test("that cannot be used is refused in one line", () => {
    const file = join(directory, "file");
    writeFileSync(file, "");

    expect(() => holdDataDirectory(join(file, "below"))).toThrow(
      /cannot be used as data directory \(ENOTDIR\)/,
    );
  });
});
