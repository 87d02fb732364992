import { Migrator } from "@mikro-orm/migrations";
import { defineEntity, MikroORM, p } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database.ts";
import { entities } from "../../../server/storage/entities/entities.ts";
import { migrate, pendingMigrations } from "../../../server/storage/migrations/migrate.ts";
import { migrations } from "../../../server/storage/migrations/migrations.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { insertPendingTask, readTask, registerJob } from "../../conformance/storage-fixture.ts";
import { createDatabase } from "../../support/postgres.ts";

const names = migrations.map(({ name }) => name);

/** Opens a database and closes it with the test. */
const opened = async (url: string) => {
  const orm = await openDatabase({ url });
  onTestFinished(() => orm.close());
  return orm;
};

const HostTask = defineEntity({ name: "Task", properties: { id: p.uuid().primary(), title: p.text() } });

/** A host's own ORM, with a `Task` and a migrations table of its own, and our list in its run. */
const aHost = async (url: string) => {
  const orm = await MikroORM.init({
    entities: [...entities, HostTask],
    clientUrl: url,
    extensions: [Migrator],
    migrations: { migrationsList: migrations, silent: true, snapshot: false },
  });
  onTestFinished(() => orm.close());
  return orm;
};

describe("migrating", () => {
  test("brings an empty database up to date, and then has nothing to do", async () => {
    const orm = await opened(await createDatabase(inject("postgresUrl")));

    expect(await pendingMigrations(orm)).toEqual(names);
    expect(await migrate(orm)).toEqual(names);
    expect(await pendingMigrations(orm)).toEqual([]);
    expect(await migrate(orm)).toEqual([]);
  });

  test("five servers at once apply each migration once", async () => {
    const url = await createDatabase(inject("postgresUrl"));
    const orms = await Promise.all(Array.from({ length: 5 }, () => opened(url)));

    const applied = await Promise.all(orms.map((orm) => migrate(orm)));

    expect(applied.flat()).toEqual(names);
  });

  test("works for an embedded database", async () => {
    const orm = await openDatabase({ dataDir: "memory://" });
    onTestFinished(() => orm.close());

    expect(await migrate(orm)).toEqual(names);
    expect(await pendingMigrations(orm)).toEqual([]);
  });

  test("is safe where a host runs our list itself, before or after us", async () => {
    const url = await createDatabase(inject("postgresUrl"));
    const host = await aHost(url);

    await host.migrator.up();
    expect(await pendingMigrations(host)).toEqual([]);
    expect(await migrate(host)).toEqual([]);

    const other = await aHost(await createDatabase(inject("postgresUrl")));
    await migrate(other);
    await other.migrator.up();
    expect(await other.migrator.getPending()).toEqual([]);
  });

  test("a host's ORM serves as storage beside its own entities", async () => {
    const host = await aHost(await createDatabase(inject("postgresUrl")));
    await migrate(host);
    const storage = createStorage(host);

    const { task } = await insertPendingTask(storage, await registerJob(storage));

    expect((await readTask(storage, task.id)).task.status).toBe("pending");
  });
});

test("what may be large is compressed by LZ4, which this PostgreSQL has", async () => {
  const orm = await opened(await createDatabase(inject("postgresUrl")));
  await migrate(orm);

  const { rows } = await sql<{ name: string }>`
    select attrelid::regclass::text || '.' || attname as name from pg_attribute
    where attrelid in ('joblib.task'::regclass, 'joblib.late_result'::regclass) and attcompression = 'l'
    order by 1`.execute(orm.em.fork().getKysely());

  expect(rows.map(({ name }) => name)).toEqual([
    "joblib.late_result.result",
    "joblib.task.error",
    "joblib.task.payload",
    "joblib.task.result",
  ]);
});

describe("times", () => {
  test("are answered in UTC whatever the database's time zone is", async () => {
    const url = await createDatabase(inject("postgresUrl"));
    const name = new URL(url).pathname.slice(1);
    const first = await opened(url);
    await sql`alter database ${sql.table(name)} set timezone = 'Asia/Kolkata'`.execute(
      first.em.fork().getKysely(),
    );
    const orm = await opened(url);
    await migrate(orm);
    const storage = createStorage(orm);

    const start = { at: "2026-06-01T00:00:00.250Z" };
    const { task } = await insertPendingTask(storage, await registerJob(storage), { start });

    expect(task.run_at).toBe(start.at);
    expect(Math.abs(Date.parse(task.created_at) - Date.now())).toBeLessThan(60_000);
  });
});
