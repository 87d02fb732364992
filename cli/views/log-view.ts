import type { LogLine } from "../../protocol/log.ts";
import type { Io, NoteStyle } from "../io.ts";
import { visibleLine } from "../sanitize.ts";
import { cut } from "../table.ts";

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
  text: visibleLine(text),
});

/** `12:03:04.567 warn  the line`; the attempt where it is not the first. Times are UTC, as everywhere. */
export const logLineText = (line: LogLine): string => {
  const { when, level, text } = parts(line);
  return `${when} ${level} ${text}`;
};

/** The same in the colour of its level, cut where it may be only so wide. */
export const paintedLogLine = (paint: Io["paint"], line: LogLine, width?: number): string => {
  const { when, level, text } = parts(line);
  const shown = width === undefined ? text : cut(text, Math.max(1, width - when.length - level.length - 2));
  return `${paint.dim(when)} ${paint[PAINTS[line.level]](level)} ${shown}`;
};
