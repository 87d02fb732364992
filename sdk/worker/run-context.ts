import type { LogLevel, Task } from "../../protocol/index.ts";
import type { RunContext } from "../extension/extension.ts";
import { toText } from "../extension/json.ts";
import type { Logger, TaskLogger } from "../logger.ts";

export interface RunReporter {
  readonly task: Task;
  readonly signal: AbortSignal;
  progress(fraction?: number, message?: string): void;
  log(text: string, level: LogLevel): void;
}

/**
 * The member has a symbol instead of a private name, because a proxy of a context, or an object that inherits
 * from one, would not have the private member.
 */
const INTERNAL = Symbol("internal");

/** The second argument of an extension's `run`. It creates its signal and logger on first access. */
export class LazyRunContext implements RunContext {
  readonly task: Task;
  readonly progress: RunContext["progress"];
  readonly [INTERNAL]: { readonly reporter: RunReporter; readonly logger: Logger; log?: TaskLogger };

  constructor(reporter: RunReporter, logger: Logger) {
    // The function is assigned to a local variable first: V8 allocates a function literal that is assigned to a
    // property in the old generation, where it would keep the task in memory until the next full garbage collection.
    const progress: RunContext["progress"] = (fraction, message) => reporter.progress(fraction, message);
    this.progress = progress;
    this.task = reporter.task;
    this[INTERNAL] = { reporter, logger };
    Object.defineProperty(this, "signal", LAZY_GETTERS.signal);
    Object.defineProperty(this, "log", LAZY_GETTERS.log);
  }

  get signal(): AbortSignal {
    return this[INTERNAL].reporter.signal;
  }
  get log(): TaskLogger {
    const internal = this[INTERNAL];
    internal.log ??= createTaskLogger(internal.logger, (text, level) => internal.reporter.log(text, level));
    return internal.log;
  }
}

/**
 * The getters. They are defined as own properties of each instance, so that `{ ...run, progress }` contains
 * their values too.
 */
const LAZY_GETTERS = (() => {
  const { signal, log } = Object.getOwnPropertyDescriptors(LazyRunContext.prototype);
  return { signal: { ...signal, enumerable: true }, log: { ...log, enumerable: true } };
})();

/**
 * Creates the logger of a task. It writes to the worker's logger, and also stores each line with the task.
 */
const createTaskLogger = (
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

/** Formats a value of a field. */
const formatField = (value: unknown): string => {
  if (value instanceof Error) return value.message;
  try {
    return typeof value === "string" && /^\S+$/.test(value)
      ? value
      : (JSON.stringify(value) ?? toText(value));
  } catch {
    return toText(value);
  }
};

/** Formats a message and its fields as `message key=value …`. */
export const formatLine = (fields: object, message: string): string =>
  [message, ...Object.entries(fields).map(([name, value]) => `${name}=${formatField(value)}`)].join(" ");
