import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import * as z from "zod";

const path = findPackageJSON(import.meta.url);

/** joblib's own version, as its package says it. */
export const VERSION: string =
  path === undefined
    ? "0.0.0"
    : z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, "utf8"))).version;
