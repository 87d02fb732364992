import { openDatabase } from "../../server/storage/database/database.ts";
import { SEQUENCES, TABLE_PRIVILEGES } from "../../server/storage/database/database-checks.ts";
import { migrate } from "../../server/storage/migrations/migrate.ts";
import { createDatabaseWithRoles } from "./database-roles.ts";

/**
 * Creates a migrated database with a role that has exactly the privileges that the server requires.
 * Returns the URL with this role.
 */
export const createDatabaseWithLeastRights = async (serverUrl: string): Promise<string> => {
  const { admin, server, migratorUrl, serverUrl: url } = await createDatabaseWithRoles(serverUrl);
  const owner = await openDatabase({ url: migratorUrl });
  await migrate(owner);
  await owner.close();
  const grants = [
    `revoke all on all tables in schema joblib from ${server}`,
    `revoke all on all sequences in schema joblib from ${server}`,
    ...Object.entries(TABLE_PRIVILEGES).map(
      ([table, privileges]) => `grant ${privileges.join(", ")} on joblib.${table} to ${server}`,
    ),
    ...SEQUENCES.map((name) => `grant usage on sequence joblib.${name} to ${server}`),
  ];
  await admin(grants.join(";"));
  return url;
};
