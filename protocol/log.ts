import * as z from "zod";
import { Timestamp } from "./timestamp.ts";

/** How many lines one request may bring. */
export const MAX_LINES_PER_UPDATE = 500;
/** How many lines are kept of one attempt; what comes after them is dropped. */
export const MAX_LINES_PER_ATTEMPT = 5000;
/** The longest line, in characters. */
export const MAX_LINE_LENGTH = 2000;

export const LogLevel = z.enum(["debug", "info", "warn", "error"]);
export type LogLevel = z.infer<typeof LogLevel>;

/** A line that a worker says of its task: it counts them in each attempt, from 0, and one that is sent twice is kept once. */
export const NewLogLine = z.object({
  number: z.int().min(0).max(2_147_483_647),
  at: Timestamp.optional().describe("by the worker's clock; when it arrived"),
  level: LogLevel.optional().describe("info"),
  text: z.string().max(MAX_LINE_LENGTH),
});
export type NewLogLine = z.infer<typeof NewLogLine>;

/** A line as it is kept. */
export const LogLine = z.object({
  attempt: z.int(),
  number: z.int(),
  at: Timestamp,
  level: LogLevel,
  text: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

const CURSOR = /^\d{1,9}\.\d{1,10}$/;

/** Lines in their order; `after` is where to read on. */
export const LogPage = z.object({
  items: z.array(LogLine),
  after: z.string().nullable().describe("`attempt.number` of the last line; null where there is none"),
});
export type LogPage = z.infer<typeof LogPage>;

/** What part of a log is wanted. */
export const LogQuery = z.object({
  after: z.string().regex(CURSOR, { error: "must be `attempt.number`" }).optional(),
  limit: z
    .preprocess(
      (value) => (typeof value === "string" && !/^\d+$/.test(value) ? Number.NaN : value),
      z.coerce.number().int().min(1).max(1000),
    )
    .prefault(500),
});
export type LogQuery = z.infer<typeof LogQuery>;

/** A place in a log. */
export interface LogPlace {
  readonly attempt: number;
  readonly number: number;
}

/** Before all lines. */
export const LOG_START: LogPlace = { attempt: 0, number: -1 };

/** Reads a place; undefined where it is none. */
export const parseLogPlace = (text: string): LogPlace | undefined => {
  if (!CURSOR.test(text)) return undefined;
  const [attempt = 0, number = 0] = text.split(".").map(Number);
  return number > 2_147_483_647 ? undefined : { attempt, number };
};

/** Writes a place. */
export const formatLogPlace = ({ attempt, number }: LogPlace): string => `${attempt}.${number}`;
