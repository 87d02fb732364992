import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import * as z from "zod";

const path = findPackageJSON(import.meta.url);

/** The version in joblib's package.json. */
export const VERSION: string =
  path === undefined
    ? "0.0.0"
    : z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, "utf8"))).version;
