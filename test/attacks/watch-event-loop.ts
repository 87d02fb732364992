import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const METER = resolve(import.meta.dirname, "event-loop-meter.mjs");

/**
 * Measures for how long a process's main thread blocks its event loop, in milliseconds of CPU time.
 */
export interface EventLoopWatch extends Disposable {
  /** The environment with which the process must be started. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Returns the duration of the longest block since a wall-clock time. Blocks below 50 ms are not
   * recorded and count as 0.
   */
  getLongestBlockMs(time: number): number;
}

/** Prepares the measurement of a process that has not been started yet. */
export const watchEventLoop = (): EventLoopWatch => {
  const folder = mkdtempSync(join(tmpdir(), "joblib-event-loop-"));
  const file = join(folder, "blocks");
  closeSync(openSync(file, "w"));
  return {
    env: { NODE_OPTIONS: `--import ${METER}`, EVENT_LOOP_FILE: file },
    getLongestBlockMs(time) {
      const blocks = readFileSync(file, "utf8")
        .split("\n")
        .map((line) => line.split(" ").map(Number))
        .map(([at = 0, blocked = 0]) => (at >= time ? blocked : 0));
      return Math.max(0, ...blocks);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
};
