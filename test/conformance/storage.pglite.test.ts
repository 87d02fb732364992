import { openDatabase } from "../../server/storage/database/database.ts";
import { migrate } from "../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../server/storage/mikro-storage.ts";
import { storageSuite } from "./storage.suite.ts";

storageSuite("storage on PGlite", async () => {
  const orm = await openDatabase({ dataDir: "memory://" });
  await migrate(orm);
  return { storage: createStorage(orm), orm, isBatching: true, close: () => orm.close() };
});
