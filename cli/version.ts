import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

function readVersion(manifest: unknown): string {
  return typeof manifest === "object" &&
    manifest !== null &&
    "version" in manifest &&
    typeof manifest.version === "string"
    ? manifest.version
    : "0.0.0";
}

const path = findPackageJSON(import.meta.url);

/**
 * The version of this package. `findPackageJSON` is used instead of a fixed path, because the
 * source file and the built file are at different depths.
 */
export const version: string =
  path === undefined ? "0.0.0" : readVersion(JSON.parse(readFileSync(path, "utf8")));
