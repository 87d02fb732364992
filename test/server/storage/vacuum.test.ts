import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { type DatabaseOptions, openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import type { Tables } from "../../../server/storage/sessions/orm.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";

const ROWS = 3_000;

/**
 * Opens a migrated database, inserts `ROWS` rows into the table `task_listing` and deletes them
 * again.
 */
const openEmptied = async (options: DatabaseOptions) => {
  const orm = await openDatabase(options);
  await migrate(orm);
  const storage = createStorage(orm);
  onTestFinished(async () => {
    await storage.close();
    await orm.close();
  });
  const db = orm.em.fork().getKysely<Tables>();
  await sql`
    insert into joblib.task_listing (task_id, room_id, job_id, created_at)
    select gen_random_uuid(), 'lab', gen_random_uuid(), now() from generate_series(1, ${sql.lit(ROWS)})`.execute(
    db,
  );
  await sql`delete from joblib.task_listing`.execute(db);
  const readStats = async () => {
    const { rows } = await sql<{ dead: number; pages: number; vacuums: number }>`
      select n_dead_tup::int as dead, (pg_relation_size(relid) / 8192)::int as pages, vacuum_count::int as vacuums
      from pg_stat_user_tables where relname = 'task_listing'`.execute(db);
    return rows[0];
  };
  // PostgreSQL updates these statistics up to a second later.
  await eventually(async () => (await readStats())?.dead === ROWS);
  return { sweep: storage.sweep, readStats };
};

test("the vacuum frees the space of dead rows in the embedded database, and does nothing if there are few dead rows", async () => {
  const { sweep, readStats } = await openEmptied({ dataDir: "memory://" });
  expect((await readStats())?.pages).toBeGreaterThan(10);

  expect(await sweep.vacuum()).toBe(1);

  await eventually(async () => (await readStats())?.vacuums === 1);
  expect(await readStats()).toEqual({ dead: 0, pages: 0, vacuums: 1 });
  expect(await sweep.vacuum()).toBe(0);
});

test("the vacuum does nothing in PostgreSQL, which has autovacuum", async () => {
  const { sweep, readStats } = await openEmptied({ url: await createDatabase(inject("postgresUrl")) });

  expect(await sweep.vacuum()).toBe(0);
  expect((await readStats())?.vacuums).toBe(0);
});
