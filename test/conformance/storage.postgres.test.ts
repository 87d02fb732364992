import { inject } from "vitest";
import { openDatabase } from "../../server/storage/database/database.ts";
import { migrate } from "../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../server/storage/mikro-storage.ts";
import { createDatabase } from "../support/postgres.ts";
import { storageSuite } from "./storage.suite.ts";

storageSuite("storage on PostgreSQL", async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 20 });
  await migrate(orm);
  return { storage: createStorage(orm), orm, isBatching: true, close: () => orm.close() };
});
