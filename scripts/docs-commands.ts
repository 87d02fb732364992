import { readFileSync, writeFileSync } from "node:fs";
import { buildCommandTables, replaceTables } from "./command-tables.ts";

const README = new URL("../README.md", import.meta.url);

writeFileSync(README, replaceTables(readFileSync(README, "utf8"), await buildCommandTables()));
