import { Client } from "pg";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { migrate, openDatabase, pendingMigrations } from "../../../server/index.ts";
import { checkDatabase } from "../../../server/storage/database/database-checks.ts";
import { checkMigrations } from "../../../server/storage/migrations/migrate.ts";
import type { Orm } from "../../../server/storage/sessions/orm.ts";
import { createDatabaseWithRoles } from "../../support/database-roles.ts";

/** The role's only connection becomes free during joblib's third attempt to connect. */
const RELEASED_AT_ATTEMPT = 3;

/**
 * Occupies the role's only connection until joblib has made `RELEASED_AT_ATTEMPT` attempts to
 * connect.
 */
const occupyConnection = async (url: string): Promise<void> => {
  const holder = new Client({ connectionString: url });
  await holder.connect();
  const connect = Client.prototype.connect;
  let attempts = 0;
  const spy = vi.spyOn(Client.prototype, "connect").mockImplementation(function (this: Client, ...args) {
    attempts += 1;
    if (attempts === RELEASED_AT_ATTEMPT) void holder.end();
    return Reflect.apply(connect, this, args);
  });
  onTestFinished(() => {
    spy.mockRestore();
    expect(attempts).toBeGreaterThanOrEqual(RELEASED_AT_ATTEMPT);
  });
};

test.each<[string, (orm: Orm) => Promise<unknown>]>([
  ["checkDatabase", checkDatabase],
  ["checkMigrations", checkMigrations],
  ["pendingMigrations", pendingMigrations],
  ["migrate", migrate],
])("%s waits for a connection while the database accepts no more connections", async (_name, check) => {
  const { migratorUrl, migrator, admin } = await createDatabaseWithRoles(inject("postgresUrl"));
  await admin(`alter role ${migrator} connection limit 1`);
  const orm = await openDatabase({ url: migratorUrl });
  onTestFinished(() => orm.close());
  await occupyConnection(migratorUrl);

  await expect(check(orm)).resolves.toBeDefined();
});
