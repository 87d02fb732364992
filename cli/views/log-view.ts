import type { LogLine } from "../../protocol/tasks/log.ts";
import type { Io, NoteStyle } from "../io/output.ts";
import { escapeLine } from "../io/sanitize.ts";
import { truncate, wrap } from "../io/text-width.ts";

const COLORS = { debug: "dim", info: "reset", warn: "yellow", error: "red" } as const;

/** Styles that distinguish log lines from other messages. */
export const LOG_STYLES = {
  debug: "dim",
  info: "plain",
  warn: "plain",
  error: "error",
} as const satisfies Record<LogLine["level"], NoteStyle>;

function getParts({ at, attempt, level, text }: LogLine) {
  return {
    time: attempt > 1 ? `${at.slice(11, 23)} #${attempt}` : at.slice(11, 23),
    level: level.padEnd(5),
    text: escapeLine(text),
  };
}

/**
 * Formats a log line as `12:03:04.567 warn  text`, in UTC, with the level padded to five
 * characters. From the second attempt on, the number of the attempt follows the time: `12:03:04.567
 * #2`.
 */
export function formatLogLine(line: LogLine): string {
  const { time, level, text } = getParts(line);
  return `${time} ${level} ${text}`;
}

/** Formats a log line in the color of its level. */
export function formatColoredLogLine(paint: Io["paint"], line: LogLine): string {
  return formatColored(paint, line, (text) => text);
}

/** Formats a colored log line, truncated to a width. */
export function formatTruncatedLogLine(paint: Io["paint"], line: LogLine, width: number): string {
  return formatColored(paint, line, (text, prefixWidth) => truncate(text, Math.max(1, width - prefixWidth)));
}

/**
 * Formats a colored log line, wrapped between words at a width. Continuation lines are indented to
 * the start of the text.
 */
export function formatWrappedLogLine(paint: Io["paint"], line: LogLine, width: number): string {
  return formatColored(paint, line, (text, prefixWidth) =>
    wrap(text, Math.max(1, width - prefixWidth)).replaceAll("\n", `\n${" ".repeat(prefixWidth)}`),
  );
}

function formatColored(
  paint: Io["paint"],
  line: LogLine,
  fitText: (text: string, prefixWidth: number) => string,
): string {
  const { time, level, text } = getParts(line);
  const prefixWidth = time.length + level.length + 2;
  return `${paint.dim(time)} ${paint[COLORS[line.level]](level)} ${fitText(text, prefixWidth)}`;
}
