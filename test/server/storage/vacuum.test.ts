import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { type DatabaseOptions, openDatabase } from "../../../server/storage/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import type { Tables } from "../../../server/storage/sessions.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";

const ROWS = 3_000;

/** A migrated database whose table of places had that many rows once. */
const anEmptied = async (options: DatabaseOptions) => {
  const orm = await openDatabase(options);
  await migrate(orm);
  const storage = createStorage(orm);
  onTestFinished(async () => {
    await storage.close();
    await orm.close();
  });
  const db = orm.em.fork().getKysely<Tables>();
  await sql`
    insert into joblib.task_place (task_id, room_id, job_id, created_at)
    select gen_random_uuid(), 'lab', gen_random_uuid(), now() from generate_series(1, ${sql.lit(ROWS)})`.execute(
    db,
  );
  await sql`delete from joblib.task_place`.execute(db);
  const figures = async () => {
    const { rows } = await sql<{ dead: number; pages: number; vacuums: number }>`
      select n_dead_tup::int as dead, (pg_relation_size(relid) / 8192)::int as pages, vacuum_count::int as vacuums
      from pg_stat_user_tables where relname = 'task_place'`.execute(db);
    return rows[0];
  };
  // The figures come a second late.
  await eventually(async () => (await figures())?.dead === ROWS);
  return { sweep: storage.sweep, figures };
};

test("the embedded database gets the space of dead rows back, and is left alone where there are few", async () => {
  const { sweep, figures } = await anEmptied({ dataDir: "memory://" });
  expect((await figures())?.pages).toBeGreaterThan(10);

  expect(await sweep.vacuum()).toBe(1);

  await eventually(async () => (await figures())?.vacuums === 1);
  expect(await figures()).toEqual({ dead: 0, pages: 0, vacuums: 1 });
  expect(await sweep.vacuum()).toBe(0);
});

test("PostgreSQL is left to its autovacuum", async () => {
  const { sweep, figures } = await anEmptied({ url: await createDatabase(inject("postgresUrl")) });

  expect(await sweep.vacuum()).toBe(0);
  expect((await figures())?.vacuums).toBe(0);
});
