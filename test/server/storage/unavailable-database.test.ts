import { sql } from "kysely";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { StorageUnavailable } from "../../../server/storage/sessions/storage-errors.ts";
import { findFreePort } from "../../support/free-port.ts";
import { createDatabase } from "../../support/postgres.ts";

const openStorage = async () => {
  const url = await createDatabase(inject("postgresUrl"));
  const orm = await openDatabase({ url, poolSize: 2 });
  onTestFinished(() => orm.close());
  await migrate(orm);
  return { url, orm, storage: createStorage(orm) };
};

describe("storage", () => {
  test("the storage throws StorageUnavailable if nothing listens on the port", async () => {
    const orm = await openDatabase({ url: `postgres://user@127.0.0.1:${await findFreePort()}/none` });
    onTestFinished(() => orm.close());

    await expect(createStorage(orm).ping()).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(migrate(orm)).rejects.toBeInstanceOf(StorageUnavailable);
  });

  test("the storage throws StorageUnavailable for a terminated connection, and the next statement works", async () => {
    const { orm, storage } = await openStorage();
    const connection = orm.em.fork().getKysely().connection();

    const interrupted = storage.sweep.runExclusively(async () => {
      await connection.execute((db) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()`.execute(db),
      );
    });

    await expect(interrupted).rejects.toBeInstanceOf(StorageUnavailable);
    await storage.ping();
  });

  test("the storage throws StorageUnavailable if a statement takes too long", async () => {
    const { url, orm, storage } = await openStorage();
    const slow = await openDatabase({ url, statementTimeoutSeconds: 0.1 });
    onTestFinished(() => slow.close());
    const locked = storage.sweep.runExclusively(async () => {
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

    await locked;
  });

  test("the storage throws StorageUnavailable after the pool of the ORM was closed", async () => {
    const orm = await openDatabase({ dataDir: "memory://" });
    const storage = createStorage(orm);
    await storage.ping();
    const sessions = orm.em.fork().getKysely();
    await sessions.destroy();

    await expect(storage.ping()).rejects.toBeInstanceOf(StorageUnavailable);
  });
});
