import { mkdirSync } from "node:fs";
import { lockDataDirectory } from "../../../server/storage/database/data-directory.ts";

// This process locks the directory without opening a database, and waits until it is killed.
const { database } = await lockDataDirectory(process.argv[2] ?? "");
mkdirSync(database, { recursive: true });
console.log("locked");
setInterval(() => {}, 60_000);
