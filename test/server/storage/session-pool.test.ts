import { MikroORM } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database.ts";
import { entities } from "../../../server/storage/entities/entities.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { openSessionPool } from "../../../server/storage/pool-options.ts";
import { createDefaultSql, LookupSql } from "../../../server/storage/session-sql.ts";
import { createSessions, type Orm } from "../../../server/storage/sessions.ts";
import { StorageUnavailable } from "../../../server/storage/storage-unavailable.ts";
import { createDatabase } from "../../support/postgres.ts";

const anOrm = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 2 });
  onTestFinished(() => orm.close());
  return orm;
};

const poolOf = (orm: Orm) => {
  const pool = openSessionPool(orm);
  if (pool === undefined) throw new Error("there is no pool");
  onTestFinished(() => pool.end());
  return pool;
};

const planner = sql<{ settings: string }>`
  select concat_ws(' ', current_setting('enable_bitmapscan'), current_setting('enable_seqscan'),
    current_setting('enable_sort'), current_setting('jit'), current_setting('plan_cache_mode')) as settings`;

test("lookups and other statements have planner settings of their own, also if they share one session", async () => {
  const pool = poolOf(await anOrm());
  const lookup = new LookupSql(pool);
  const free = createDefaultSql(pool);
  const both = async () => [(await planner.execute(lookup)).rows, (await planner.execute(free)).rows];
  const expected = [
    [{ settings: "off off off off force_generic_plan" }],
    [{ settings: "on on on off auto" }],
  ];

  expect(await both()).toEqual(expected);
  expect(pool.use).toEqual({ busy: 0, idle: 2, waiting: 0 });
});

test("lookups are parsed once for each session", async () => {
  const lookup = new LookupSql(poolOf(await anOrm()));
  const time = sql`select ${"2026-01-31 12:00:00.5+00"}::timestamptz::text as at`;

  const rows = [(await time.execute(lookup)).rows, (await time.execute(lookup)).rows];

  const { rows: prepared } = await sql<{ name: string }>`
    select name from pg_prepared_statements where statement like 'select $1::timestamptz::text as at%'`.execute(
    lookup,
  );
  expect(prepared).toHaveLength(1);
  expect(rows).toEqual([[{ at: "2026-01-31 12:00:00.5+00" }], [{ at: "2026-01-31 12:00:00.5+00" }]]);
});

test("reads a column whose type a newer server's migration has changed since", async () => {
  const orm = await anOrm();
  const lookup = new LookupSql(poolOf(orm));
  const db = orm.em.fork().getKysely();
  await sql`create table public.grown (n integer)`.execute(db);
  await sql`insert into public.grown values (1)`.execute(db);
  const read = sql<{ n: unknown }>`select n from public.grown`;
  const readTwiceAtOnce = async () => Promise.all([read.execute(lookup), read.execute(lookup)]);
  await readTwiceAtOnce();

  await sql`alter table public.grown alter column n type text`.execute(db);

  const both = await readTwiceAtOnce();
  expect(both.map(({ rows }) => rows)).toEqual([[{ n: "1" }], [{ n: "1" }]]);
});

test("an embedded database, and a host that sets its sessions up by hooks, keep to the ORM's own sessions", async () => {
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

test("reports a pool that is closed as unavailable", async () => {
  const orm = await anOrm();
  await migrate(orm);
  const storage = createStorage(orm);
  expect(await storage.tasks.claim(crypto.randomUUID(), 1, false)).toBeUndefined();

  await storage.close();

  await expect(storage.tasks.claim(crypto.randomUUID(), 1, false)).rejects.toBeInstanceOf(StorageUnavailable);
});

test.each(["26000", "42P05"])("shares its sessions if a pooler loses named statements (%s)", async (code) => {
  const orm = await anOrm();
  const pool = poolOf(orm);
  const sessions = createSessions(orm, pool);
  let tries = 0;

  const answer = await sessions.runPrepared(async (db) => {
    tries += 1;
    if (tries === 1) throw Object.assign(new Error("no"), { code });
    return (await sql<{ n: number }>`select 1 as n`.execute(db)).rows;
  });

  expect([answer, pool.sharing]).toEqual([[{ n: 1 }], "shared"]);
});
