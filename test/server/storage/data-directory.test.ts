import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { DataDirectoryError, lockDataDirectory } from "../../../server/storage/database/data-directory.ts";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { insertPendingTask, readTask, registerJob } from "../../conformance/storage-fixture.ts";
import { type SpawnedProcess, spawnProcess } from "../../support/processes.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "joblib-data-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
});

const HOLDER = new URL("./data-directory.holder.ts", import.meta.url).pathname;

/** Starts another process that opens the database in the directory and inserts a task. */
const startHolder = async (): Promise<{ holder: SpawnedProcess; taskId: string }> => {
  const holder = spawnProcess(process.execPath, [HOLDER, directory]);
  const [, taskId = ""] = await holder.waitForLine(/task (\S+)/, 60_000);
  return { holder, taskId };
};

const LOCKER = new URL("./data-directory.locker.ts", import.meta.url).pathname;

/** Starts another process that only locks the directory. */
const startLocker = async (): Promise<SpawnedProcess> => {
  const locker = spawnProcess(process.execPath, [LOCKER, directory]);
  await locker.waitForLine(/locked/, 60_000);
  return locker;
};

const lockAndRelease = async (path: string): Promise<void> => (await lockDataDirectory(path)).release();

const LOCK_FILE = "server.lock";
const OWNER_FILE = "lock";

describe("data directory", () => {
  test("a data directory keeps the tasks after it was closed and opened again", async () => {
    const first = await openDatabase({ dataDir: directory });
    await migrate(first);
    const { task } = await insertPendingTask(createStorage(first), await registerJob(createStorage(first)));
    await first.close();

    const second = await openDatabase({ dataDir: directory });
    onTestFinished(() => second.close());

    expect((await readTask(createStorage(second), task.id)).task).toEqual(task);
  }, 180_000);

  test("a data directory cannot be opened by a second process until the first process is killed", async () => {
    const { holder, taskId } = await startHolder();

    const second = openDatabase({ dataDir: directory });
    await expect(second).rejects.toThrow(
      `The data directory ${directory} is in use by process ${holder.pid}. Stop that server, or choose another`,
    );
    holder.kill("SIGKILL");
    await holder.exit;

    const orm = await openDatabase({ dataDir: directory });
    onTestFinished(() => orm.close());
    expect((await readTask(createStorage(orm), taskId)).task.status).toBe("pending");
  }, 180_000);

  test("a data directory cannot be opened by another process through a symbolic link to it or to its database", async () => {
    const locker = await startLocker();
    const link = `${directory}-link`;
    const other = `${directory}-other`;
    symlinkSync(directory, link);
    mkdirSync(other);
    symlinkSync(join(directory, "database"), join(other, "database"));
    onTestFinished(() => {
      rmSync(link);
      rmSync(other, { recursive: true });
    });

    for (const path of [link, other]) {
      await expect(lockDataDirectory(path)).rejects.toThrow(`${path} is in use by process ${locker.pid}.`);
    }
    locker.kill("SIGKILL");
    await locker.exit;
  }, 180_000);

  test("a data directory stays locked if another process removes the file that names its owner", async () => {
    const locker = await startLocker();
    rmSync(join(directory, OWNER_FILE));

    await expect(lockDataDirectory(directory)).rejects.toThrow("is in use by another server.");

    locker.kill("SIGKILL");
    await locker.exit;
  }, 180_000);

  test("a data directory cannot be opened twice in the same process", async () => {
    const link = `${directory}-link`;
    symlinkSync(directory, link);
    onTestFinished(() => rmSync(link));
    const locked = await lockDataDirectory(directory);

    await expect(lockDataDirectory(directory)).rejects.toThrow(DataDirectoryError);
    await expect(lockDataDirectory(link)).rejects.toThrow("is in use by this process.");
    locked.release();
    await lockAndRelease(link);
  });

  test("only one of two concurrent locks of a data directory in the same process succeeds", async () => {
    const results = await Promise.allSettled([lockDataDirectory(directory), lockDataDirectory(directory)]);

    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    for (const result of results) if (result.status === "fulfilled") result.value.release();
  });

  test("a data directory keeps the lock file after its release, because another process may have it open", async () => {
    await lockAndRelease(directory);

    expect(existsSync(join(directory, LOCK_FILE))).toBe(true);
    expect(existsSync(join(directory, OWNER_FILE))).toBe(false);
  });

  test.each([
    "999999999",
    "1 12345",
    "1 12345 some-host",
    "",
    "nonsense",
    `${process.pid} 1`,
  ])("a data directory can be used if a server that no longer runs has left an owner file with the content %j", async (content) => {
    writeFileSync(join(directory, OWNER_FILE), content);

    const locked = await lockDataDirectory(directory);

    expect(readFileSync(join(directory, OWNER_FILE), "utf8")).toMatch(new RegExp(`^${process.pid} `));
    locked.release();
  });

  test.runIf(process.platform === "linux")(
    "a data directory cannot be opened while a joblib version without the kernel's lock uses it",
    async () => {
      const older = spawnProcess("sleep", ["600"]);
      const stat = readFileSync(`/proc/${older.pid}/stat`, "utf8");
      const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
      writeFileSync(join(directory, OWNER_FILE), `${older.pid} ${startTime}\n`);

      await expect(lockDataDirectory(directory)).rejects.toThrow(`is in use by process ${older.pid}.`);

      older.kill("SIGKILL");
      await older.exit;
      await lockAndRelease(directory);
    },
  );

  test("the error for a data directory names the part of its path that is a file", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");

    await expect(lockDataDirectory(join(file, "below"))).rejects.toThrow(
      `The data directory ${join(file, "below")} cannot be used: a part of the path is a file (ENOTDIR).`,
    );
    await expect(lockDataDirectory(file)).rejects.toThrow("cannot be used: it is a file (EEXIST).");
  });
});
