import type { LogLine } from "../../protocol/log.ts";
import type { Io, NoteStyle } from "../io.ts";
import { escapeLine } from "../sanitize.ts";
import { truncate } from "../table.ts";
import { wrap } from "../wrap.ts";

const PAINTS = { debug: "dim", info: "reset", warn: "yellow", error: "red" } as const;

/** How a line looks among notes. */
export const LOG_STYLES = {
  debug: "dim",
  info: "plain",
  warn: "plain",
  error: "bad",
} as const satisfies Record<LogLine["level"], NoteStyle>;

const parts = ({ at, attempt, level, text }: LogLine) => ({
  when: attempt > 1 ? `${at.slice(11, 23)} #${attempt}` : at.slice(11, 23),
  level: level.padEnd(5),
  text: escapeLine(text),
});

/** `12:03:04.567 warn  the line`; the attempt where it is not the first. Times are UTC, as everywhere. */
export const formatLogLine = (line: LogLine): string => {
  const { when, level, text } = parts(line);
  return `${when} ${level} ${text}`;
};

/** The same in the colour of its level. */
export const formatColoredLogLine = (paint: Io["paint"], line: LogLine): string =>
  painted(paint, line, (text) => text);

/** The same, cut where it may be only so wide. */
export const formatTruncatedLogLine = (paint: Io["paint"], line: LogLine, width: number): string =>
  painted(paint, line, (text, before) => truncate(text, Math.max(1, width - before)));

/** The same, broken between words; further lines stand under the first. */
export const formatWrappedLogLine = (paint: Io["paint"], line: LogLine, width: number): string =>
  painted(paint, line, (text, before) =>
    wrap(text, Math.max(1, width - before)).replaceAll("\n", `\n${" ".repeat(before)}`),
  );

const painted = (
  paint: Io["paint"],
  line: LogLine,
  fitted: (text: string, before: number) => string,
): string => {
  const { when, level, text } = parts(line);
  const before = when.length + level.length + 2;
  return `${paint.dim(when)} ${paint[PAINTS[line.level]](level)} ${fitted(text, before)}`;
};
