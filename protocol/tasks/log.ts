import * as z from "zod";
import { API_PATH, operation } from "../operation.ts";
import { createIntegerParameter } from "../page.ts";
import { Timestamp } from "../time.ts";
import { TaskParams } from "./task.ts";

export const MAX_LINES_PER_UPDATE = 500;
/** Maximum number of stored log lines per attempt. Later lines are dropped. */
export const MAX_LINES_PER_ATTEMPT = 5000;
/** Maximum length of a log line, in characters. */
export const MAX_LINE_LENGTH = 2000;

export const LogLevel = z.enum(["debug", "info", "warn", "error"]);
export type LogLevel = z.infer<typeof LogLevel>;

/**
 * A log line from a worker. The lines of each attempt are numbered from 0, and a line that is sent
 * twice is stored only once.
 */
export const NewLogLine = z.object({
  number: z
    .int()
    .min(0)
    .max(2_147_483_647)
    .describe("number of the line in its attempt, from 0; a line that is sent twice is stored only once"),
  at: Timestamp.optional().describe("time by the worker's clock; default: when the server receives the line"),
  level: LogLevel.optional().describe("default info"),
  text: z.string().max(MAX_LINE_LENGTH),
});
export type NewLogLine = z.infer<typeof NewLogLine>;

export const LogLine = z.object({
  attempt: z.int(),
  number: z.int(),
  at: Timestamp,
  level: LogLevel,
  text: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

const CURSOR = /^\d{1,9}\.\d{1,10}$/;

/** One page of log lines, oldest first. `after` is the cursor of the next page. */
export const LogPage = z.object({
  items: z.array(LogLine),
  after: z.string().nullable().describe("`<attempt>.<number>` of the last line; null if the log is empty"),
});
export type LogPage = z.infer<typeof LogPage>;

export const LogQuery = z.object({
  after: z
    .string()
    .regex(CURSOR, { error: "must be `<attempt>.<number>`, for example 2.17" })
    .optional()
    .describe("the `after` of the previous page"),
  limit: createIntegerParameter(1, 1000, 500),
});
export type LogQuery = z.infer<typeof LogQuery>;

export interface LogPosition {
  readonly attempt: number;
  readonly number: number;
}

/** The position before the first line. */
export const LOG_START: LogPosition = { attempt: 0, number: -1 };

/** Parses a log position. Returns undefined if the text is invalid. */
export function parseLogPosition(text: string): LogPosition | undefined {
  if (!CURSOR.test(text)) return undefined;
  const [attempt = 0, number = 0] = text.split(".").map(Number);
  return number > 2_147_483_647 ? undefined : { attempt, number };
}

export function formatLogPosition({ attempt, number }: LogPosition): string {
  return `${attempt}.${number}`;
}

export const readTaskLogs = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/logs`,
  summary: "Get a task's log",
  access: "task-read",
  params: TaskParams,
  query: LogQuery,
  responses: { 200: LogPage },
  responseDescriptions: { 200: "A page of log lines." },
  problems: ["task-not-found"],
});

export const taskLogOperations = { readTaskLogs } as const;
