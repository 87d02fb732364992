import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { type SpawnedProcess, spawnProcess } from "../support/processes.ts";
import { readBlocks, toOutputPattern } from "./blocks.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const START_TIMEOUT_MS = 60_000;

/** The environment in which the commands of a documentation page run. */
export interface PageEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /**
   * Replacements for texts of the page, such as ports and directories, which may be in use on this
   * machine.
   */
  readonly replacements: Readonly<Record<string, string>>;
}

const applyReplacements = (code: string, replacements: PageEnvironment["replacements"]): string =>
  Object.entries(replacements).reduce((text, [from, to]) => text.replaceAll(from, to), code);

// The start of every block's script. It exports all variables and functions, and saves them when
// the block ends, so that the blocks of a page behave as if they ran in one terminal.
const SAVE_ENVIRONMENT = `set -aeuo pipefail; trap 'env -0 >"$PAGE_STATE_FILE"' EXIT\n`;

const readEnvironment = (file: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(file, "utf8")
      .split("\0")
      .map((entry) => /^([^=]+)=([\s\S]*)$/.exec(entry))
      .flatMap((match) => (match === null ? [] : [[match[1] ?? "", match[2] ?? ""]])),
  );

const interrupt = async (terminal: SpawnedProcess): Promise<void> => {
  // Interrupts every process of the terminal, like Ctrl-C.
  process.kill(-terminal.pid, "SIGINT");
  await terminal.exit;
};

/** Runs the commands of a documentation page, and compares their output with the page. */
export const runPage = async (page: string, { env, replacements }: PageEnvironment): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-page-"));
  const state = join(directory, "environment");
  const base = { NO_COLOR: "1", NODE_OPTIONS: "", VITEST: "", ...env, PAGE_STATE_FILE: state };
  const terminals: SpawnedProcess[] = [];
  const runInShell = (code: string, variables: Readonly<Record<string, string>>) =>
    spawnProcess("bash", ["-c", applyReplacements(code, { "/tmp/": `${directory}/`, ...replacements })], {
      cwd: ROOT,
      env: variables,
    });
  let environment: Readonly<Record<string, string>> = base;
  let printed = "";
  try {
    for (const { kind, code, ready } of readBlocks(page)) {
      if (kind === "terminal") {
        const terminal = runInShell(`set -eu\n${code}`, base);
        terminals.unshift(terminal);
        await terminal.waitForLine(new RegExp(applyReplacements(ready, replacements)), START_TIMEOUT_MS);
      } else if (kind === "run") {
        const command = runInShell(SAVE_ENVIRONMENT + code, environment);
        const { code: status } = await command.exit;
        expect(status, `${page}:\n${code}\n${command.stdout()}${command.stderr()}`).toBe(0);
        environment = { ...base, ...readEnvironment(state) };
        printed = command.stdout().trim();
      } else if (kind === "text") {
        expect(printed, page).toMatch(toOutputPattern(applyReplacements(code, replacements)));
      }
    }
  } finally {
    for (const terminal of terminals) await interrupt(terminal);
    rmSync(directory, { recursive: true, force: true });
  }
};
