import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Finding, findInMarkdown, findInSource } from "./find.ts";

/**
 * Files that are not checked: generated or external text, the patterns themselves, and the bad
 * examples in the style guide and in the tests of this check.
 */
const EXCLUDED =
  /(?:^|\/)(?:patterns\.ts|style\.md|LICENSE|package-lock\.json)$|\.snapshot\.json$|^test\/scripts\//;

/**
 * Returns the tracked and the new files below the given paths. Without paths, returns those of the
 * whole tree.
 */
function listFiles(paths: readonly string[]): readonly string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...paths],
    {
      encoding: "utf8",
    },
  );
  return listed.split("\0").filter((path) => /\.(?:tsx?|md)$/.test(path) && !EXCLUDED.test(path));
}

function findInFile(path: string): readonly Finding[] {
  const text = readFileSync(path, "utf8");
  return path.endsWith(".md") ? findInMarkdown(text) : findInSource(path, text);
}

let count = 0;
for (const path of listFiles(process.argv.slice(2))) {
  for (const { line, found, instead } of findInFile(path)) {
    count += 1;
    console.log(`${path}:${line}: ${found}\n    instead: ${instead}`);
  }
}
if (count > 0) {
  console.log(
    `\n${count} phrases or names to rewrite; CONTRIBUTING.md, "Plain English", explains the check.`,
  );
  process.exitCode = 1;
}
