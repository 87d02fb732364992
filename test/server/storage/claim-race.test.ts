import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { lockWorkerForUpdate } from "../../../server/storage/queries/end-worker.ts";
import type { Tables } from "../../../server/storage/sessions.ts";
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

const aStorage = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 4 });
  await migrate(orm);
  const storage = createStorage(orm);
  onTestFinished(async () => {
    await storage.close();
    await orm.close();
  });
  return { storage, db: orm.em.fork().getKysely<Tables>() };
};

type StorageFixture = Awaited<ReturnType<typeof aStorage>>;

/** Until a statement waits for a lock. */
const isWaiting = ({ db }: StorageFixture) =>
  eventually(async () => {
    const { rows } = await sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      db,
    );
    return rows.length === 1;
  });

/** What a claim by the worker comes to that has begun, and sees the tasks as they were, before `change` happens. */
const claimAround = async (opened: StorageFixture, workerId: string, change: () => Promise<unknown>) => {
  const ending = await opened.db.startTransaction().execute();
  await lockWorkerForUpdate(ending, workerId);
  const claiming = opened.storage.tasks.claim(workerId, 1, true);
  await isWaiting(opened);
  await change();
  await ending.rollback().execute();
  return claiming;
};

const PRIORITY = { first: 1, second: 0 };

const aScene = async (jobs: number) => {
  const opened = await aStorage();
  const { storage } = opened;
  const job = await registerJob(storage);
  const rivalId = await registerWorker(storage, job);
  if (jobs > 1) await registerJob(storage, { worker: { id: job.workerId } });
  const { task } = await insertPendingTask(storage, job, { priority: PRIORITY.first });
  return { ...opened, job, rivalId, task };
};

test.each([1, 2])("claims a task that a rival took and gave back meanwhile (%i jobs)", async (jobs) => {
  const { job, rivalId, task, ...opened } = await aScene(jobs);
  const { storage } = opened;

  const claimed = await claimAround(opened, job.workerId, async () => {
    const { task: taken } = await claimOne(storage, rivalId);
    await storage.tasks.unclaim([{ id: taken.id, attempt: taken.attempt }]);
  });

  expect(getOnly(claimed).summary).toMatchObject({ id: task.id, attempt: 2 });
  expect(await readTask(storage, task.id)).toMatchObject({ version: 4, task: { worker_id: job.workerId } });
});

test.each([1, 2])("claims the next where a rival took the first meanwhile (%i jobs)", async (jobs) => {
  const { job, rivalId, task, ...opened } = await aScene(jobs);
  const { storage } = opened;
  const { task: next } = await insertPendingTask(storage, job, { priority: PRIORITY.second });

  const claimed = await claimAround(opened, job.workerId, () => claimOne(storage, rivalId));

  expect(getOnly(claimed).summary).toMatchObject({ id: next.id, attempt: 1 });
  expect(await readTask(storage, task.id)).toMatchObject({ task: { worker_id: rivalId } });
});
