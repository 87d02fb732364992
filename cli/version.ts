import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

const versionIn = (manifest: unknown): string =>
  typeof manifest === "object" &&
  manifest !== null &&
  "version" in manifest &&
  typeof manifest.version === "string"
    ? manifest.version
    : "0.0.0";

const path = findPackageJSON(import.meta.url);

/** The version of this package; looked for, because the source and what is built lie at different depths. */
export const version: string =
  path === undefined ? "0.0.0" : versionIn(JSON.parse(readFileSync(path, "utf8")));
