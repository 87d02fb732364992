import type { LogLevel } from "../../protocol/index.ts";
import { toText } from "../extension/json.ts";
import type { Logger, TaskLogger } from "../logger.ts";
import { formatLine } from "./log-reporter.ts";

/** Creates the logger of a task: it writes to the worker's logger, and stores each line with the task. */
export const createTaskLogger = (
  workerLogger: Logger,
  store: (text: string, level: LogLevel) => void,
): TaskLogger => {
  const logAt = (level: LogLevel) => (first: object | string, second?: string) => {
    // Plain JavaScript can pass any value.
    const isFields = typeof first === "object" && first !== null;
    const [fields, message] = isFields ? [first, toText(second ?? "")] : [{}, toText(first)];
    workerLogger[level](fields, message);
    store(formatLine(fields, message), level);
  };
  return { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
};
