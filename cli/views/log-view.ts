import type { LogLine } from "../../protocol/tasks/log.ts";
import type { Io, NoteStyle } from "../io.ts";
import { escapeLine } from "../sanitize.ts";
import { truncate } from "../table.ts";
import { wrap } from "../wrap.ts";

const COLORS = { debug: "dim", info: "reset", warn: "yellow", error: "red" } as const;

/** The style of a log line among other messages. */
export const LOG_STYLES = {
  debug: "dim",
  info: "plain",
  warn: "plain",
  error: "error",
} as const satisfies Record<LogLine["level"], NoteStyle>;

const getParts = ({ at, attempt, level, text }: LogLine) => ({
  time: attempt > 1 ? `${at.slice(11, 23)} #${attempt}` : at.slice(11, 23),
  level: level.padEnd(5),
  text: escapeLine(text),
});

/** Formats a log line as `12:03:04.567 warn  text`, in UTC; after the first attempt with the attempt: `12:03:04.567 #2`. */
export const formatLogLine = (line: LogLine): string => {
  const { time, level, text } = getParts(line);
  return `${time} ${level} ${text}`;
};

/** The same, in the color of its level. */
export const formatColoredLogLine = (paint: Io["paint"], line: LogLine): string =>
  formatColored(paint, line, (text) => text);

/** The same, truncated to a width. */
export const formatTruncatedLogLine = (paint: Io["paint"], line: LogLine, width: number): string =>
  formatColored(paint, line, (text, prefixWidth) => truncate(text, Math.max(1, width - prefixWidth)));

/** The same, wrapped between words; continuation lines are aligned with the text. */
export const formatWrappedLogLine = (paint: Io["paint"], line: LogLine, width: number): string =>
  formatColored(paint, line, (text, prefixWidth) =>
    wrap(text, Math.max(1, width - prefixWidth)).replaceAll("\n", `\n${" ".repeat(prefixWidth)}`),
  );

const formatColored = (
  paint: Io["paint"],
  line: LogLine,
  fitText: (text: string, prefixWidth: number) => string,
): string => {
  const { time, level, text } = getParts(line);
  const prefixWidth = time.length + level.length + 2;
  return `${paint.dim(time)} ${paint[COLORS[line.level]](level)} ${fitText(text, prefixWidth)}`;
};
