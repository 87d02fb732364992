import type { LogLevel } from "../protocol/index.ts";
import { lineOf } from "./log-reporter.ts";
import type { Logger } from "./logger.ts";

/** A logger that tells the worker's own, and keeps what it is told with the task. */
export const taskLogger = (own: Logger, keep: (text: string, level: LogLevel) => void): Logger => {
  const at = (level: LogLevel) => (fields: object, message: string) => {
    own[level](fields, message);
    keep(lineOf(fields, message), level);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};
