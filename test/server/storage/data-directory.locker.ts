import { mkdirSync } from "node:fs";
import { lockDataDirectory } from "../../../server/storage/database/data-directory.ts";

// Locks the directory without opening a database, and then waits until this process is killed.
const { database } = await lockDataDirectory(process.argv[2] ?? "");
mkdirSync(database, { recursive: true });
console.log("locked");
setInterval(() => {}, 60_000);
