import { inject } from "vitest";
import { openDatabase } from "../../server/storage/database.ts";
import { migrate } from "../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../server/storage/mikro-storage.ts";
import { SEQUENCES, TABLE_PRIVILEGES } from "../../server/storage/table-rights.ts";
import { createDatabaseWithRoles } from "../support/database-roles.ts";
import { storageSuite } from "./storage.suite.ts";

storageSuite("storage on PostgreSQL, as a role with exactly the rights that are checked", async () => {
  const { admin, server, migratorUrl, serverUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
  const owner = await openDatabase({ url: migratorUrl });
  await migrate(owner);
  await owner.close();
  await admin(`revoke all on all tables in schema joblib from ${server};
    revoke all on all sequences in schema joblib from ${server}`);
  const grants = [
    ...Object.entries(TABLE_PRIVILEGES).map(
      ([table, privileges]) => `grant ${privileges.join(", ")} on joblib.${table} to ${server}`,
    ),
    ...SEQUENCES.map((name) => `grant usage on sequence joblib.${name} to ${server}`),
  ];
  await admin(grants.join(";"));
  const orm = await openDatabase({ url: serverUrl, poolSize: 20 });
  return { storage: createStorage(orm), orm, close: () => orm.close() };
});
