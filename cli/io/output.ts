import { Chalk, type ChalkInstance } from "chalk";
import type { DisplayStyle, LiveDisplay } from "./live-display.ts";
import type { OutputStream } from "./output-stream.ts";
import { escapeDeep, escapeLine, escapeText, toSafeJson } from "./sanitize.ts";
import { wrap } from "./text-width.ts";

/** An animated line while the command waits. Does nothing without a terminal. */
export interface Spinner {
  setText(text: string): void;
  stop(): void;
  /** Starts the animation. Can be called again after `stop`. */
  start(): void;
}

/**
 * The output of a command: results on stdout, everything else on stderr. Untrusted text is escaped
 * before it reaches a terminal.
 */
export interface Io {
  readonly json: boolean;
  /** True if stderr is a terminal, which can show animations. */
  readonly isInteractive: boolean;
  /**
   * Width of stdout in columns. Undefined if stdout is not a terminal; text is then not truncated.
   */
  readonly width: number | undefined;
  /** Colors text for stdout. Returns the text unchanged if colors are off. */
  readonly paint: ChalkInstance;
  /**
   * Prints the result: with `--json` the value unchanged, otherwise the text that `render` returns
   * for an escaped copy of the value.
   */
  printResult<Value>(value: Value, render: (safe: Value) => string): void;
  /**
   * Prints one of several results: with `--json` the value as JSON on one line, otherwise `text`,
   * which must be escaped.
   */
  printLine(value: unknown, text: string): void;
  /** Prints a document to stdout unchanged. The caller must escape untrusted text in it. */
  printDocument(text: string): void;
  /** Prints a message to stderr. */
  printNote(text: string, style?: NoteStyle): void;
  /**
   * Prints an event to stderr: with `--json` the `fields` as JSON on one line, otherwise `line`.
   */
  printEvent(fields: Readonly<Record<string, unknown>>, line: string, style?: NoteStyle): void;
  startSpinner(text: string): Promise<Spinner>;
  /**
   * Shows lines on stderr that are redrawn in place; returns undefined if stderr is not a terminal.
   */
  openLiveDisplay(frame: (style: DisplayStyle) => string): Promise<LiveDisplay | undefined>;
}

/** The color of a message. */
export type NoteStyle = "plain" | "dim" | "success" | "error";

/** The streams, and the environment variables that control colors. */
export interface IoSetup {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
}

/** Returns true for a terminal that supports colors, unless NO_COLOR (no-color.org) is set. */
function hasColors(stream: OutputStream, env: IoSetup["env"]) {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

const SILENT_SPINNER: Spinner = { setText: () => {}, stop: () => {}, start: () => {} };

/** Creates the output for these streams. */
export function createIo({ stdout, stderr, env, json }: IoSetup): Io {
  const paint = new Chalk({ level: !json && hasColors(stdout, env) ? 1 : 0 });
  const paintNote = new Chalk({ level: hasColors(stderr, env) ? 1 : 0 });
  const styles: Record<NoteStyle, (text: string) => string> = {
    plain: (text) => text,
    dim: paintNote.dim,
    success: paintNote.green,
    error: paintNote.red,
  };
  // The text is wrapped here, because a terminal would break lines within words.
  const wrapNote = (text: string) => (stderr.isTTY === true ? wrap(text, stderr.columns || 80, "  ") : text);
  const printNote = (text: string, style: NoteStyle = "plain") =>
    stderr.write(`${styles[style](wrapNote(escapeText(text)))}\n`);

  return {
    json,
    isInteractive: stderr.isTTY === true,
    width: stdout.isTTY === true ? stdout.columns || 80 : undefined,
    paint,
    printResult(value, render) {
      const text = json
        ? toSafeJson(value, stdout.isTTY === true ? 2 : undefined)
        : render(escapeDeep(value));
      stdout.write(`${text}\n`);
    },
    printLine(value, text) {
      stdout.write(`${json ? toSafeJson(value) : text}\n`);
    },
    printDocument(text) {
      stdout.write(text);
    },
    printNote(text, style) {
      printNote(text, style);
    },
    printEvent(fields, line, style) {
      if (json) stderr.write(`${toSafeJson(fields)}\n`);
      else printNote(escapeLine(line), style);
    },
    async openLiveDisplay(frame) {
      if (stderr.isTTY !== true || json) return undefined;
      const { openLiveDisplay } = await import("./live-display.ts");
      return openLiveDisplay(stderr, frame, paintNote);
    },
    async startSpinner(text) {
      if (stderr.isTTY !== true || json) return SILENT_SPINNER;
      // Imported only for a terminal, because the import takes at least 50 ms.
      const { default: ora } = await import("ora");
      const spinner = ora({ text: escapeLine(text), discardStdin: false, color: false });
      spinner.start();
      return {
        setText(next) {
          spinner.text = escapeLine(next);
        },
        stop: () => spinner.stop(),
        start: () => spinner.start(),
      };
    },
  };
}
