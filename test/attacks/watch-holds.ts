import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const METER = resolve(import.meta.dirname, "hold-meter.mjs");

/** How long a process's main thread held its event loop, in milliseconds of the processor. */
export interface HoldWatch extends Disposable {
  /** What the process is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** The longest since a time of the wall clock; what is below 50 ms is not told. */
  longestSince(time: number): number;
}

/** Prepares the watch over a process that is not started yet. */
export const watchHolds = (): HoldWatch => {
  const folder = mkdtempSync(join(tmpdir(), "joblib-holds-"));
  const file = join(folder, "holds");
  closeSync(openSync(file, "w"));
  return {
    env: { NODE_OPTIONS: `--import ${METER}`, HOLDS_FILE: file },
    longestSince(time) {
      const holds = readFileSync(file, "utf8")
        .split("\n")
        .map((line) => line.split(" ").map(Number))
        .map(([at = 0, held = 0]) => (at >= time ? held : 0));
      return Math.max(0, ...holds);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
};
