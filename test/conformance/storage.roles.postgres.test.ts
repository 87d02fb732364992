import { inject } from "vitest";
import { openDatabase } from "../../server/storage/database/database.ts";
import { createStorage } from "../../server/storage/mikro-storage.ts";
import { createDatabaseWithLeastRights } from "../support/least-rights.ts";
import { storageSuite } from "./storage.suite.ts";

storageSuite("storage on PostgreSQL with a role that has the minimum rights", async () => {
  const url = await createDatabaseWithLeastRights(inject("postgresUrl"));
  const orm = await openDatabase({ url, poolSize: 20 });
  return { storage: createStorage(orm), orm, isBatching: true, close: () => orm.close() };
});
