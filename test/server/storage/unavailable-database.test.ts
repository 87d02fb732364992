import { sql } from "kysely";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { StorageUnavailable } from "../../../server/storage/storage-unavailable.ts";
import { findFreePort } from "../../support/free-port.ts";
import { createDatabase } from "../../support/postgres.ts";

const aStorage = async () => {
  const url = await createDatabase(inject("postgresUrl"));
  const orm = await openDatabase({ url, poolSize: 2 });
  onTestFinished(() => orm.close());
  await migrate(orm);
  return { url, orm, storage: createStorage(orm) };
};

describe("a database that is away", () => {
  test("is told as unavailable where nothing listens", async () => {
    const orm = await openDatabase({ url: `postgres://nobody@127.0.0.1:${await findFreePort()}/none` });
    onTestFinished(() => orm.close());

    await expect(createStorage(orm).ping()).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(migrate(orm)).rejects.toBeInstanceOf(StorageUnavailable);
  });

  test("is told as unavailable by a statement whose connection is ended, and the next one works", async () => {
    const { orm, storage } = await aStorage();
    const victim = orm.em.fork().getKysely().connection();

    const cut = storage.sweep.runExclusively(async () => {
      await victim.execute((db) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()`.execute(db),
      );
    });

    await expect(cut).rejects.toBeInstanceOf(StorageUnavailable);
    await storage.ping();
  });

  test("is told as unavailable when a statement takes too long", async () => {
    const { url, orm, storage } = await aStorage();
    const slow = await openDatabase({ url, statementTimeoutSeconds: 0.1 });
    onTestFinished(() => slow.close());
    const lock = storage.sweep.runExclusively(async () => {
      await orm.em
        .fork()
        .getKysely()
        .transaction()
        .execute(async (db) => {
          await sql`lock table joblib.worker`.execute(db);
          await expect(createStorage(slow).workers.find(crypto.randomUUID())).rejects.toThrow(
            /took too long \(SQLSTATE 57014\)/,
          );
        });
    });

    await lock;
  });

  test("is told as unavailable after its pool was closed", async () => {
    const orm = await openDatabase({ dataDir: "memory://" });
    const storage = createStorage(orm);
    await storage.ping();
    const sessions = orm.em.fork().getKysely();
    await sessions.destroy();

    await expect(storage.ping()).rejects.toBeInstanceOf(StorageUnavailable);
  });
});
