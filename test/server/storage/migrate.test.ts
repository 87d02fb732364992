import { randomUUID } from "node:crypto";
import { Migrator } from "@mikro-orm/migrations";
import { defineEntity, MikroORM, p } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { entities } from "../../../server/storage/entities.ts";
import { migrate, pendingMigrations } from "../../../server/storage/migrations/migrate.ts";
import { migrations } from "../../../server/storage/migrations/migrations.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { insertPendingTask, readTask, registerJob } from "../../conformance/storage-fixture.ts";
import { createDatabase } from "../../support/postgres.ts";

const names = migrations.map(({ name }) => name);

/** Opens a database, and closes it after the test. */
const open = async (url: string) => {
  const orm = await openDatabase({ url });
  onTestFinished(() => orm.close());
  return orm;
};

const HostTask = defineEntity({ name: "Task", properties: { id: p.uuid().primary(), title: p.text() } });

/**
 * Opens the ORM of a host that runs joblib's migrations itself. The host has its own entity `Task`
 * and its own migrations table.
 */
const openHostOrm = async (url: string) => {
  const orm = await MikroORM.init({
    entities: [...entities, HostTask],
    clientUrl: url,
    extensions: [Migrator],
    migrations: { migrationsList: migrations, silent: true, snapshot: false },
  });
  onTestFinished(() => orm.close());
  return orm;
};

describe("migrate", () => {
  test("migrate applies all migrations to an empty database, and none the second time", async () => {
    const orm = await open(await createDatabase(inject("postgresUrl")));

    expect(await pendingMigrations(orm)).toEqual(names);
    expect(await migrate(orm)).toEqual(names);
    expect(await pendingMigrations(orm)).toEqual([]);
    expect(await migrate(orm)).toEqual([]);
  });

  test("migrate applies each migration once if five servers run it concurrently", async () => {
    const url = await createDatabase(inject("postgresUrl"));
    const orms = await Promise.all(Array.from({ length: 5 }, () => open(url)));

    const applied = await Promise.all(orms.map((orm) => migrate(orm)));

    expect(applied.flat()).toEqual(names);
  });

  test("migrate applies all migrations to an embedded database", async () => {
    const orm = await openDatabase({ dataDir: "memory://" });
    onTestFinished(() => orm.close());

    expect(await migrate(orm)).toEqual(names);
    expect(await pendingMigrations(orm)).toEqual([]);
  });

  test("migrate applies no migration twice if the host itself runs joblib's migrations before or afterwards", async () => {
    const url = await createDatabase(inject("postgresUrl"));
    const host = await openHostOrm(url);

    await host.migrator.up();
    expect(await pendingMigrations(host)).toEqual([]);
    expect(await migrate(host)).toEqual([]);

    const other = await openHostOrm(await createDatabase(inject("postgresUrl")));
    await migrate(other);
    await other.migrator.up();
    expect(await other.migrator.getPending()).toEqual([]);
  });

  test("migrate keeps the tasks, their ended leases and their order when tables and columns are renamed", async () => {
    const host = await openHostOrm(await createDatabase(inject("postgresUrl")));
    await host.migrator.up({ to: "joblib-20261126-large-values" });
    const [jobId, taskId, workerId] = [randomUUID(), randomUUID(), randomUUID()];
    const db = host.em.fork().getKysely();
    await sql`insert into joblib.job (id, room_id, category, name, schema, schema_hash, defaults, fairness)
      values (${jobId}, 'room-1', 'test', 'Old', '{}', 'hash', '{}', 'room')`.execute(db);
    await sql`insert into joblib.task (id, number, job_id, room_id, payload, priority, max_attempts, backoff, run_at, due,
        created_by_id, in_turn, attempt, hold_ended_worker_id, hold_ended_reason)
      values (${taskId}, 7, ${jobId}, 'room-1', '{}', 0, 2, '{"kind":"fixed","seconds":1}', now(), true,
        'ada', true, 1, ${workerId}, 'lost')`.execute(db);
    await sql`insert into joblib.task_place (task_id, room_id, job_id, created_at)
      select id, room_id, job_id, created_at from joblib.task`.execute(db);
    await sql`insert into joblib.room_turn values (${jobId}, 'room-1', 0, 7, 1)`.execute(db);

    await migrate(host);

    const storage = createStorage(host);
    const attempts = await storage.diagnosis.findAttempts(taskId);
    expect(attempts).toMatchObject({ endedLeaseWorkerId: workerId, endedLeaseReason: "lost" });
    const page = await storage.tasks.list({ roomId: "room-1" }, { offset: 0, limit: 10 });
    expect(page?.items.map(({ task }) => task.id)).toEqual([taskId]);
    const names = await sql<{ name: string }>`
      select conname as name from pg_constraint where connamespace = 'joblib'::regnamespace
      union all select c.relname from pg_class as c where c.relnamespace = 'joblib'::regnamespace
      union all select attname from pg_attribute where attrelid = 'joblib.task'::regclass`.execute(db);
    expect(names.rows.filter(({ name }) => /hold|held|place|turn/.test(name))).toEqual([]);
  });

  test("migrate creates tables that the storage can use through the ORM of a host with its own entities", async () => {
    const host = await openHostOrm(await createDatabase(inject("postgresUrl")));
    await migrate(host);
    const storage = createStorage(host);

    const { task } = await insertPendingTask(storage, await registerJob(storage));

    expect((await readTask(storage, task.id)).task.status).toBe("pending");
  });
});

test("migrate compresses columns with large values with LZ4 if PostgreSQL supports it", async () => {
  const orm = await open(await createDatabase(inject("postgresUrl")));
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

describe("times of a task", () => {
  test("the times of a task are in UTC if the database has another time zone", async () => {
    const url = await createDatabase(inject("postgresUrl"));
    const name = new URL(url).pathname.slice(1);
    const first = await open(url);
    await sql`alter database ${sql.table(name)} set timezone = 'Asia/Kolkata'`.execute(
      first.em.fork().getKysely(),
    );
    const orm = await open(url);
    await migrate(orm);
    const storage = createStorage(orm);

    const start = { at: "2026-06-01T00:00:00.250Z" };
    const { task } = await insertPendingTask(storage, await registerJob(storage), { start });

    expect(task.run_at).toBe(start.at);
    expect(Math.abs(Date.parse(task.created_at) - Date.now())).toBeLessThan(60_000);
  });
});
