import { MikroORM } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { entities } from "../../../server/storage/entities.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import type { Orm } from "../../../server/storage/sessions/orm.ts";
import { openSessionPool } from "../../../server/storage/sessions/orm-connection.ts";
import { createSessions, createSql } from "../../../server/storage/sessions/sessions.ts";
import { StorageUnavailable } from "../../../server/storage/sessions/storage-errors.ts";
import { createDatabase } from "../../support/postgres.ts";

const openOrm = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 2 });
  onTestFinished(() => orm.close());
  return orm;
};

const openPool = (orm: Orm) => {
  const pool = openSessionPool(orm);
  if (pool === undefined) throw new Error("the ORM has no session pool");
  onTestFinished(() => pool.end());
  return pool;
};

const plannerSettings = sql<{ settings: string }>`
  select concat_ws(' ', current_setting('enable_bitmapscan'), current_setting('enable_seqscan'),
    current_setting('enable_sort'), current_setting('jit'), current_setting('plan_cache_mode')) as settings`;

test("the session pool uses separate planner settings for lookups and for other statements", async () => {
  const pool = openPool(await openOrm());
  const lookup = createSql(pool, "lookup");
  const defaultSql = createSql(pool, "default");
  const readBoth = async () => [
    (await plannerSettings.execute(lookup)).rows,
    (await plannerSettings.execute(defaultSql)).rows,
  ];
  const expected = [
    [{ settings: "off off off off force_generic_plan" }],
    [{ settings: "on on on off auto" }],
  ];

  expect(await readBoth()).toEqual(expected);
  expect(pool.usage).toEqual({ busy: 0, idle: 2, waiting: 0 });
});

test("the session pool parses a lookup only once in each session", async () => {
  const lookup = createSql(openPool(await openOrm()), "lookup");
  const time = sql`select ${"2026-01-31 12:00:00.5+00"}::timestamptz::text as at`;

  const rows = [(await time.execute(lookup)).rows, (await time.execute(lookup)).rows];

  const { rows: prepared } = await sql<{ name: string }>`
    select name from pg_prepared_statements where statement like 'select $1::timestamptz::text as at%'`.execute(
    lookup,
  );
  expect(prepared).toHaveLength(1);
  expect(rows).toEqual([[{ at: "2026-01-31 12:00:00.5+00" }], [{ at: "2026-01-31 12:00:00.5+00" }]]);
});

test("the session pool reads a column whose type was changed by the migration of a newer server", async () => {
  const orm = await openOrm();
  const sessions = createSessions(orm, openPool(orm));
  const db = orm.em.fork().getKysely();
  await sql`create table public.changed (n integer)`.execute(db);
  await sql`insert into public.changed values (1)`.execute(db);
  const read = sql<{ n: unknown }>`select n from public.changed`;
  const readOnce = () => sessions.runPrepared((lookup) => read.execute(lookup));
  const readTwiceAtOnce = async () => Promise.all([readOnce(), readOnce()]);
  await readTwiceAtOnce();

  await sql`alter table public.changed alter column n type text`.execute(db);

  const results = await readTwiceAtOnce();
  expect(results.map(({ rows }) => rows)).toEqual([[{ n: "1" }], [{ n: "1" }]]);
});

test("the storage opens no pool for an embedded database, or for a host that sets up its sessions with hooks", async () => {
  const embedded = await openDatabase({ dataDir: "memory://" });
  onTestFinished(() => embedded.close());
  const hooked = await MikroORM.init({
    entities: [...entities],
    clientUrl: await createDatabase(inject("postgresUrl")),
    onCreateConnection: async () => {},
  });
  onTestFinished(() => hooked.close());

  expect(openSessionPool(embedded)).toBeUndefined();
  expect(openSessionPool(hooked)).toBeUndefined();
});

test("the session pool throws StorageUnavailable after the pool was closed", async () => {
  const orm = await openOrm();
  await migrate(orm);
  const storage = createStorage(orm);
  expect(await storage.queue.claim(crypto.randomUUID(), 1, false)).toBeUndefined();

  await storage.close();

  await expect(storage.queue.claim(crypto.randomUUID(), 1, false)).rejects.toBeInstanceOf(StorageUnavailable);
});

test.each([
  "26000",
  "42P05",
])("the session pool treats sessions as shared if a pooler loses prepared statements (%s)", async (code) => {
  const orm = await openOrm();
  const pool = openPool(orm);
  const sessions = createSessions(orm, pool);
  let attempts = 0;

  const result = await sessions.runPrepared(async (db) => {
    attempts += 1;
    if (attempts === 1) throw Object.assign(new Error("no"), { code });
    return (await sql<{ n: number }>`select 1 as n`.execute(db)).rows;
  });

  expect([result, pool.sharing]).toEqual([[{ n: 1 }], "shared"]);
});
