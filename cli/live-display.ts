import { Writable } from "node:stream";
import type { OutputStream } from "./io.ts";

/** Lines at the end of a terminal that are drawn again in their place. */
export interface LiveDisplay<Look> {
  /** Draws what there is to see now. */
  redraw(): void;
  /** Takes the lines away, and leaves others in their stead. */
  close(kept?: (look: Look) => string | undefined): void;
}

/** How often it is drawn anew though nothing has happened: seconds go by. */
const EVERY_MS = 200;

/** A stream of Node's own before one that is only written to. */
const asWritable = (stream: OutputStream) => {
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
};

/** Draws `frame` on a terminal until it is closed; `look` says how wide that is by now. */
export const openLiveDisplay = async <Look>(
  stream: OutputStream,
  frame: (look: Look) => string,
  look: () => Look,
): Promise<LiveDisplay<Look>> => {
  // Only somebody who watches pays for it.
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(asWritable(stream));
  const redraw = () => update(frame(look()));
  redraw();
  const timer = setInterval(redraw, EVERY_MS);
  return {
    redraw,
    close(kept) {
      clearInterval(timer);
      update.clear();
      update.done();
      const text = kept?.(look()) ?? "";
      if (text !== "") stream.write(`${text}\n`);
    },
  };
};
