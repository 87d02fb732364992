import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import * as z from "zod";

const path = findPackageJSON(import.meta.url);

export const VERSION: string =
  path === undefined
    ? "0.0.0"
    : z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, "utf8"))).version;

/** The directory of the files that the build has created. */
export const DIST_DIRECTORY: string = join(path === undefined ? import.meta.dirname : dirname(path), "dist");
