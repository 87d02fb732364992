import type { LogLevel } from "../protocol/index.ts";
import { toText } from "./json.ts";
import { formatLine } from "./log-reporter.ts";
import type { Logger, TaskLogger } from "./logger.ts";

/**
 * Creates the logger of a task. It writes to the worker's logger, and also stores each line with the task.
 */
export const createTaskLogger = (
  workerLogger: Logger,
  store: (text: string, level: LogLevel) => void,
): TaskLogger => {
  const logAt = (level: LogLevel) => (first: object | string, second?: string) => {
    // The types are not sufficient, because plain JavaScript can pass any value.
    const isFields = typeof first === "object" && first !== null;
    const [fields, message] = isFields ? [first, toText(second ?? "")] : [{}, toText(first)];
    workerLogger[level](fields, message);
    store(formatLine(fields, message), level);
  };
  return { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
};
