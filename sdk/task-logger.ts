import type { LogLevel } from "../protocol/index.ts";
import { textOf } from "./json.ts";
import { lineOf } from "./log-reporter.ts";
import type { Logger, TaskLogger } from "./logger.ts";

/** A logger that tells the worker's own, and keeps what it is told with the task. */
export const taskLogger = (own: Logger, keep: (text: string, level: LogLevel) => void): TaskLogger => {
  const at = (level: LogLevel) => (first: object | string, second?: string) => {
    // A program in plain JavaScript may log anything.
    const isFields = typeof first === "object" && first !== null;
    const [fields, message] = isFields ? [first, textOf(second ?? "")] : [{}, textOf(first)];
    own[level](fields, message);
    keep(lineOf(fields, message), level);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};
