import type { LogLevel } from "../protocol/index.ts";
import { toText } from "./json.ts";
import { formatLine } from "./log-reporter.ts";
import type { Logger, TaskLogger } from "./logger.ts";

/** A logger that tells the worker's own, and keeps what it is told with the task. */
export const createTaskLogger = (own: Logger, keep: (text: string, level: LogLevel) => void): TaskLogger => {
  const at = (level: LogLevel) => (first: object | string, second?: string) => {
    // A program in plain JavaScript may log anything.
    const isFields = typeof first === "object" && first !== null;
    const [fields, message] = isFields ? [first, toText(second ?? "")] : [{}, toText(first)];
    own[level](fields, message);
    keep(formatLine(fields, message), level);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};
