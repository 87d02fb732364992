import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { insertPendingTask, registerJob } from "../../conformance/storage-fixture.ts";

// This process opens the database in the directory, inserts a task, and waits until it is killed.
const orm = await openDatabase({ dataDir: process.argv[2] ?? "" });
await migrate(orm);
const storage = createStorage(orm);
const { task } = await insertPendingTask(storage, await registerJob(storage));
console.log(`task ${task.id}`);
setInterval(() => {}, 60_000);
