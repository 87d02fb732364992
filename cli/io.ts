import { Chalk, type ChalkInstance } from "chalk";
import type { LiveDisplay } from "./live-display.ts";
import { escapeDeep, escapeLine, escapeText, toSafeJson } from "./sanitize.ts";
import { wrap } from "./wrap.ts";

/** What the CLI needs of a stream; `process.stdout` and a test's own array of chunks both fit. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** A line that moves while something is awaited; where there is no terminal it does nothing. */
export interface Spinner {
  say(text: string): void;
  stop(): void;
  /** Goes on after a stop. */
  start(): void;
}

/** The way out for everything: results on stdout, all else on stderr; nothing of a stranger reaches a terminal raw. */
export interface Io {
  readonly json: boolean;
  /** True where a person watches stderr, so that something moving makes sense. */
  readonly isWatched: boolean;
  /** The width of stdout's terminal; undefined where stdout is none, and nothing is cut. */
  readonly width: number | undefined;
  /** Colours for stdout; plain functions where they are not wanted. */
  readonly paint: ChalkInstance;
  /** The answer: as JSON exactly as it came, otherwise as `render` lays out a copy that is safe to show. */
  result<Value>(value: Value, render: (safe: Value) => string): void;
  /** One of many answers on stdout: with `--json` an object on a line, otherwise the line; text of a stranger stays on it. */
  line(value: unknown, text: string): void;
  /** A document on stdout, as it is: nothing of it may be a stranger's that was not made harmless. */
  document(text: string): void;
  /** Something for the person, on stderr. */
  note(text: string, style?: NoteStyle): void;
  /** Something that happened, on stderr: a line, or with `--json` an object on a line. */
  event(fields: Readonly<Record<string, unknown>>, line: string, style?: NoteStyle): void;
  spinner(text: string): Promise<Spinner>;
  /** Lines on stderr that are drawn again in their place; undefined where nobody watches. */
  live(frame: (look: DisplayStyle) => string): Promise<LiveDisplay<DisplayStyle> | undefined>;
}

/** How wide something on stderr may be, and its colours. */
export interface DisplayStyle {
  readonly width: number;
  readonly paint: ChalkInstance;
}

/** How a note looks where there is colour. */
export type NoteStyle = "plain" | "dim" | "good" | "bad";

/** The streams, and the environment that says whether they are coloured. */
export interface IoSetup {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
}

/** True where colour is wanted: on a terminal that knows it, unless NO_COLOR (no-color.org) is set. */
const wantsColour = (stream: OutputStream, env: IoSetup["env"]) =>
  stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";

const STILL: Spinner = { say: () => {}, stop: () => {}, start: () => {} };

/** The way out over these streams. */
export const createIo = ({ stdout, stderr, env, json }: IoSetup): Io => {
  const paint = new Chalk({ level: !json && wantsColour(stdout, env) ? 1 : 0 });
  const paintNote = new Chalk({ level: wantsColour(stderr, env) ? 1 : 0 });
  const styles: Record<NoteStyle, (text: string) => string> = {
    plain: (text) => text,
    dim: paintNote.dim,
    good: paintNote.green,
    bad: paintNote.red,
  };
  // A terminal would break lines within words.
  const wrapped = (text: string) => (stderr.isTTY === true ? wrap(text, stderr.columns || 80, "  ") : text);
  const note = (text: string, style: NoteStyle = "plain") =>
    stderr.write(`${styles[style](wrapped(escapeText(text)))}\n`);

  return {
    json,
    isWatched: stderr.isTTY === true,
    width: stdout.isTTY === true ? stdout.columns || 80 : undefined,
    paint,
    result(value, render) {
      const text = json
        ? toSafeJson(value, stdout.isTTY === true ? 2 : undefined)
        : render(escapeDeep(value));
      stdout.write(`${text}\n`);
    },
    line(value, text) {
      stdout.write(`${json ? toSafeJson(value) : text}\n`);
    },
    document(text) {
      stdout.write(text);
    },
    note(text, style) {
      note(text, style);
    },
    event(fields, line, style) {
      if (json) stderr.write(`${toSafeJson(fields)}\n`);
      else note(escapeLine(line), style);
    },
    async live(frame) {
      if (stderr.isTTY !== true || json) return undefined;
      const { openLive } = await import("./live-display.ts");
      return openLive(stderr, frame, () => ({ width: (stderr.columns || 80) - 1, paint: paintNote }));
    },
    async spinner(text) {
      if (stderr.isTTY !== true || json) return STILL;
      // 50 ms and more to load; only somebody who watches pays for it.
      const { default: ora } = await import("ora");
      const spinner = ora({ text: escapeLine(text), discardStdin: false, color: false });
      spinner.start();
      return {
        say(next) {
          spinner.text = escapeLine(next);
        },
        stop: () => spinner.stop(),
        start: () => spinner.start(),
      };
    },
  };
};
