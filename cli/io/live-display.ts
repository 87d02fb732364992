import { Writable } from "node:stream";
import type { OutputStream } from "./output.ts";

/** Lines at the end of a terminal that are redrawn in place. */
export interface LiveDisplay<DisplayStyle> {
  /** Draws the current content. */
  redraw(): void;
  /** Removes the lines, and prints the returned text instead if there is any. */
  close(getFinalText?: (style: DisplayStyle) => string | undefined): void;
}

/** Redraw interval: elapsed times change although nothing else happens. */
const REDRAW_INTERVAL_MS = 200;

/** Returns a Node.js stream that writes to an OutputStream. */
function toWritable(stream: OutputStream) {
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
  });
}

/** Draws `frame` on a terminal until it is closed; `getStyle` returns the current width and colors. */
export async function openLiveDisplay<DisplayStyle>(
  stream: OutputStream,
  frame: (style: DisplayStyle) => string,
  getStyle: () => DisplayStyle,
): Promise<LiveDisplay<DisplayStyle>> {
  // Loaded only for a terminal, because the import takes time.
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(toWritable(stream));
  const redraw = () => update(frame(getStyle()));
  redraw();
  const timer = setInterval(redraw, REDRAW_INTERVAL_MS);
  return {
    redraw,
    close(getFinalText) {
      clearInterval(timer);
      update.clear();
      update.done();
      const text = getFinalText?.(getStyle()) ?? "";
      if (text !== "") stream.write(`${text}\n`);
    },
  };
}
