import { clearLine, cursorTo, moveCursor } from "node:readline";
import { Writable } from "node:stream";
import type { ChalkInstance } from "chalk";
import type { OutputStream } from "./output-stream.ts";

/** Lines at the end of a terminal, after a spinner, that are redrawn in place. */
export interface LiveDisplay {
  /** Draws the current content. */
  redraw(): void;
  /** Removes the lines. If `getFinalText` returns a text, prints the text instead. */
  close(getFinalText?: (style: DisplayStyle) => string | undefined): void;
}

/** Maximum width of a line in columns, and the colors for it. */
export interface DisplayStyle {
  readonly width: number;
  readonly paint: ChalkInstance;
}

/**
 * Interval of the redraws, in milliseconds. The display is redrawn even if no event arrives,
 * because it shows elapsed times.
 */
const UPDATE_INTERVAL_MS = 200;

/**
 * Draws the text of `frame` on a terminal until the display is closed. Draws nothing until `frame`
 * returns a text that is not empty.
 */
export async function openLiveDisplay(
  stream: OutputStream,
  frame: (style: DisplayStyle) => string,
  paint: ChalkInstance,
): Promise<LiveDisplay> {
  // Imported only for a terminal, because the import takes at least 50 ms.
  const { default: ora, spinners } = await import("ora");
  const getStyle = () => ({ width: (stream.columns || 80) - 1, paint });
  const spinner = ora({
    stream: toTerminal(stream),
    spinner: { ...spinners.dots, frames: spinners.dots.frames.map((text) => paint.cyan(text)) },
    color: false,
    isEnabled: true,
    discardStdin: false,
  });
  const update = () => {
    spinner.text = frame(getStyle());
    if (spinner.text !== "") spinner.start();
  };
  update();
  const timer = setInterval(update, UPDATE_INTERVAL_MS);
  return {
    redraw() {
      update();
      if (spinner.isSpinning) spinner.render();
    },
    close(getFinalText) {
      clearInterval(timer);
      spinner.stop();
      const text = getFinalText?.(getStyle()) ?? "";
      if (text !== "") stream.write(`${text}\n`);
    },
  };
}

/**
 * Returns a Node.js stream that writes to an OutputStream, with the methods of a terminal that ora
 * calls.
 */
function toTerminal(stream: OutputStream) {
  const writable = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      stream.write(String(chunk));
      done();
    },
  });
  return Object.defineProperties(writable, {
    isTTY: { value: true },
    columns: { get: () => stream.columns },
    rows: { get: () => stream.rows },
    cursorTo: { value: (x: number) => cursorTo(writable, x) },
    moveCursor: { value: (x: number, y: number) => moveCursor(writable, x, y) },
    clearLine: { value: (direction: -1 | 0 | 1) => clearLine(writable, direction) },
  });
}
