import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { type SpawnedProcess, spawnProcess } from "../support/processes.ts";
import { blocksOf, expected } from "./blocks.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const LONGEST_START_MS = 60_000;

/** What a page's reader has; `instead` replaces what the page says (ports, directories), for a machine that others use. */
export interface Reader {
  readonly env: Readonly<Record<string, string>>;
  readonly instead: Readonly<Record<string, string>>;
}

const replaced = (code: string, instead: Reader["instead"]): string =>
  Object.entries(instead).reduce((text, [from, to]) => text.replaceAll(from, to), code);

// What one block sets the next one has, as in one terminal; also functions.
const KEEPING = `set -aeuo pipefail; trap 'env -0 >"$READER_STATE"' EXIT\n`;

const environmentIn = (file: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(file, "utf8")
      .split("\0")
      .map((entry) => /^([^=]+)=([\s\S]*)$/.exec(entry))
      .flatMap((match) => (match === null ? [] : [[match[1] ?? "", match[2] ?? ""]])),
  );

const end = async (terminal: SpawnedProcess): Promise<void> => {
  // As Ctrl-C does: all that runs in the terminal.
  process.kill(-terminal.pid, "SIGINT");
  await terminal.exit;
};

/** Types what a page tells its reader to type, in its order, and compares what the page says that comes of it. */
export const follow = async (page: string, { env, instead }: Reader): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-reader-"));
  const state = join(directory, "environment");
  const base = { NO_COLOR: "1", NODE_OPTIONS: "", VITEST: "", ...env, READER_STATE: state };
  const terminals: SpawnedProcess[] = [];
  const type = (code: string, environment: Readonly<Record<string, string>>) =>
    spawnProcess("bash", ["-c", replaced(code, { "/tmp/": `${directory}/`, ...instead })], {
      cwd: ROOT,
      env: environment,
    });
  let here: Readonly<Record<string, string>> = base;
  let printed = "";
  try {
    for (const { kind, code, ready } of blocksOf(page)) {
      if (kind === "terminal") {
        const terminal = type(`set -eu\n${code}`, base);
        terminals.unshift(terminal);
        await terminal.waitForLine(new RegExp(replaced(ready, instead)), LONGEST_START_MS);
      } else if (kind === "run") {
        const command = type(KEEPING + code, here);
        const { code: status } = await command.exit;
        expect(status, `${page}:\n${code}\n${command.stdout()}${command.stderr()}`).toBe(0);
        here = { ...base, ...environmentIn(state) };
        printed = command.stdout().trim();
      } else if (kind === "text") {
        expect(printed, page).toMatch(expected(replaced(code, instead)));
      }
    }
  } finally {
    for (const terminal of terminals) await end(terminal);
    rmSync(directory, { recursive: true, force: true });
  }
};
