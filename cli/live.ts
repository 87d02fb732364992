import { Writable } from "node:stream";
import type { OutputStream } from "./io.ts";

/** Lines at the end of a terminal that are drawn again in their place. */
export interface Live {
  /** Draws what there is to see now. */
  redraw(): void;
  /** Takes the lines away, and leaves these in their stead. */
  close(kept?: string): void;
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

/** Draws `frame` on a terminal until it is closed. */
export const openLive = async (stream: OutputStream, frame: () => string): Promise<Live> => {
  // Only somebody who watches pays for it.
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(asWritable(stream));
  const redraw = () => update(frame());
  redraw();
  const timer = setInterval(redraw, EVERY_MS);
  return {
    redraw,
    close(kept = "") {
      clearInterval(timer);
      update.clear();
      update.done();
      if (kept !== "") stream.write(`${kept}\n`);
    },
  };
};
