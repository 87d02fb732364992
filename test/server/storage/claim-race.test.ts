import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { lockWorkerForUpdate } from "../../../server/storage/queries/remove-worker.ts";
import type { Tables } from "../../../server/storage/sessions/orm.ts";
import {
  claimOne,
  getOnly,
  insertPendingTask,
  readTask,
  registerJob,
  registerWorker,
} from "../../conformance/storage-fixture.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";

const openStorage = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 4 });
  await migrate(orm);
  const storage = createStorage(orm);
  // A storage runs the claims of workers with the same jobs one after the other. A second storage
  // is needed for concurrent claims.
  const otherStorage = createStorage(orm);
  onTestFinished(async () => {
    await storage.close();
    await otherStorage.close();
    await orm.close();
  });
  return { storage, otherStorage, db: orm.em.fork().getKysely<Tables>() };
};

type StorageFixture = Awaited<ReturnType<typeof openStorage>>;

/** Waits until a database session waits for a lock. */
const waitForLockWait = ({ db }: StorageFixture) =>
  eventually(async () => {
    const { rows } = await sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      db,
    );
    return rows.length === 1;
  });

/**
 * Returns the result of a claim whose snapshot of the tasks is older than the effect of `change`.
 */
const claimDuring = async (opened: StorageFixture, workerId: string, change: () => Promise<unknown>) => {
  const transaction = await opened.db.startTransaction().execute();
  await lockWorkerForUpdate(transaction, workerId);
  const claiming = opened.storage.queue.claim(workerId, 1, true);
  await waitForLockWait(opened);
  await change();
  await transaction.rollback().execute();
  return claiming;
};

const PRIORITY = { first: 1, second: 0 };

const createFixture = async (jobs: number) => {
  const opened = await openStorage();
  const { storage } = opened;
  const job = await registerJob(storage);
  const otherWorkerId = await registerWorker(storage, job);
  if (jobs > 1) await registerJob(storage, { worker: { id: job.workerId } });
  const { task } = await insertPendingTask(storage, job, { priority: PRIORITY.first });
  return { ...opened, job, otherWorkerId, task };
};

test.each([
  1, 2,
])("the storage claims a task that another worker claimed and unclaimed concurrently (%i jobs)", async (jobs) => {
  const { job, otherWorkerId, task, ...opened } = await createFixture(jobs);
  const { storage, otherStorage } = opened;

  const claimed = await claimDuring(opened, job.workerId, async () => {
    const { task: claimedByOther } = await claimOne(otherStorage, otherWorkerId);
    await storage.queue.unclaim([{ id: claimedByOther.id, attempt: claimedByOther.attempt }]);
  });

  expect(getOnly(claimed).summary).toMatchObject({ id: task.id, attempt: 2 });
  expect(await readTask(storage, task.id)).toMatchObject({ version: 4, task: { worker_id: job.workerId } });
});

test.each([
  1, 2,
])("the storage claims the next task if another worker claimed the first task concurrently (%i jobs)", async (jobs) => {
  const { job, otherWorkerId, task, ...opened } = await createFixture(jobs);
  const { storage, otherStorage } = opened;
  const { task: next } = await insertPendingTask(storage, job, { priority: PRIORITY.second });

  const claimed = await claimDuring(opened, job.workerId, () => claimOne(otherStorage, otherWorkerId));

  expect(getOnly(claimed).summary).toMatchObject({ id: next.id, attempt: 1 });
  expect(await readTask(storage, task.id)).toMatchObject({ task: { worker_id: otherWorkerId } });
});
