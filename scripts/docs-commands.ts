import { readFileSync, writeFileSync } from "node:fs";
import { commandTables, withTables } from "./command-tables.ts";

const README = new URL("../README.md", import.meta.url);

writeFileSync(README, withTables(readFileSync(README, "utf8"), await commandTables()));
