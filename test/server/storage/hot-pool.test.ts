import { MikroORM } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database.ts";
import { entities } from "../../../server/storage/entities/entities.ts";
import { openHotPool } from "../../../server/storage/hot-pool.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { createSessions, type Orm } from "../../../server/storage/sessions.ts";
import { StorageUnavailable } from "../../../server/storage/unavailable.ts";
import { createDatabase } from "../../support/postgres.ts";

const anOrm = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 2 });
  onTestFinished(() => orm.close());
  return orm;
};

const hotPoolOf = (orm: Orm) => {
  const pool = openHotPool(orm);
  if (pool === undefined) throw new Error("there is no hot pool");
  onTestFinished(() => pool.close());
  return pool;
};

test("hot statements have planner settings of their own, which RESET ALL does not undo; the ORM's have not", async () => {
  const orm = await anOrm();
  const read = sql<{ settings: string }>`
    select concat_ws(' ', current_setting('enable_bitmapscan'), current_setting('enable_seqscan'),
      current_setting('enable_sort'), current_setting('jit'), current_setting('plan_cache_mode')) as settings`;
  const { sql: hot } = hotPoolOf(orm);

  await sql`reset all`.execute(hot);

  expect((await read.execute(hot)).rows).toEqual([{ settings: "off off off off force_generic_plan" }]);
  expect((await read.execute(orm.em.fork().getKysely())).rows).toEqual([{ settings: "on on on on auto" }]);
});

test("hot statements are parsed once for each connection, and give times as the ORM's do", async () => {
  const orm = await anOrm();
  const { sql: hot } = hotPoolOf(orm);
  const time = sql`select ${"2026-01-31 12:00:00.5+00"}::timestamptz as at, ${[1]}::int[] as list`;

  const rows = [(await time.execute(hot)).rows, (await time.execute(hot)).rows];

  const { rows: prepared } = await sql<{ name: string }>`
    select name from pg_prepared_statements where statement like 'select $1::timestamptz as at%'`.execute(
    hot,
  );
  expect(prepared).toHaveLength(1);
  expect(rows[0]).toEqual((await time.execute(orm.em.fork().getKysely())).rows);
  expect(rows[1]).toEqual(rows[0]);
});

test("a column that has another type since, by a newer server's migration, is read all the same", async () => {
  const orm = await anOrm();
  const { sql: hot } = hotPoolOf(orm);
  const db = orm.em.fork().getKysely();
  await sql`create table grown (n integer)`.execute(db);
  await sql`insert into grown values (1)`.execute(db);
  const read = sql<{ n: unknown }>`select n from grown`;
  const readTwiceAtOnce = async () => Promise.all([read.execute(hot), read.execute(hot)]);
  await readTwiceAtOnce();

  await sql`alter table grown alter column n type text`.execute(db);

  const both = await readTwiceAtOnce();
  expect(both.map(({ rows }) => rows)).toEqual([[{ n: "1" }], [{ n: "1" }]]);
});

test("an embedded database, and a host that sets its connections up by hooks, keep to the ORM's own", async () => {
  const embedded = await openDatabase({ dataDir: "memory://" });
  onTestFinished(() => embedded.close());
  const hooked = await MikroORM.init({
    entities: [...entities],
    clientUrl: await createDatabase(inject("postgresUrl")),
    onCreateConnection: async () => {},
  });
  onTestFinished(() => hooked.close());

  expect(openHotPool(embedded)).toBeUndefined();
  expect(openHotPool(hooked)).toBeUndefined();
});

test("a pool that is closed is told as unavailable", async () => {
  const orm = await anOrm();
  await migrate(orm);
  const storage = createStorage(orm);
  expect(await storage.tasks.claim(crypto.randomUUID(), 1, false)).toBeUndefined();

  await storage.close();

  await expect(storage.tasks.claim(crypto.randomUUID(), 1, false)).rejects.toBeInstanceOf(StorageUnavailable);
  await storage.ping();
});

test.each(["08P01", "26000"])("where a pooler refuses the hot pool (%s) the ORM's serves", async (code) => {
  const orm = await anOrm();
  const { sql: hot } = hotPoolOf(orm);
  const sessions = createSessions(orm, hot);
  const asked: boolean[] = [];

  const work = () =>
    sessions.hot(async (db) => {
      asked.push(db === hot);
      if (db === hot) throw Object.assign(new Error("no"), { code });
      return "done";
    });

  expect([await work(), await work()]).toEqual(["done", "done"]);
  expect(asked).toEqual([true, false, false]);
});
