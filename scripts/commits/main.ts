/**
 * Checks the subjects of all commits since this file was added, because older commits follow other
 * rules. If the argument is a file, checks the commit message in the file instead, as a commit-msg
 * hook does.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { findSubjectFault } from "./subject.ts";

/** The path of this file. The commit that added it is the first one that is checked. */
const THIS_FILE = "scripts/commits/main.ts";

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

function readSubjects(messageFile: string | undefined): readonly string[] {
  if (messageFile !== undefined) return readFileSync(messageFile, "utf8").split("\n", 1);
  const [added] = git("log", "--diff-filter=A", "--format=%H", "--", THIS_FILE).split("\n").slice(-1);
  // There are no commits to check in a shallow clone, or if this file has not been committed yet.
  if (added === undefined || added === "") return [];
  return git("log", "--format=%s", `${added}^!`, `${added}..HEAD`).split("\n");
}

for (const subject of readSubjects(process.argv[2])) {
  const fault = findSubjectFault(subject);
  if (fault === undefined) continue;
  console.error(`commit subject ${fault}:\n    ${subject}`);
  process.exitCode = 1;
}
