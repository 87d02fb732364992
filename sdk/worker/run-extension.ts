import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";
import type { LogLevel, Task } from "../../protocol/index.ts";
import { ValidationError } from "../errors.ts";
import {
  type ExtensionClass,
  instantiate,
  type RunContext,
  type RunnableExtension,
  type TaskOutput,
} from "../extension/extension.ts";
import { toText } from "../extension/json.ts";
import type { Logger, TaskLogger } from "../logger.ts";
import { toErrorText } from "./task-outcome.ts";

/** The parts of a claimed task that its run uses. */
export interface RunReporter {
  readonly task: Task;
  readonly signal: AbortSignal;
  progress(fraction?: number, message?: string): void;
  log(text: string, level: LogLevel): void;
  readonly output: TaskOutput;
  flushOutput(): Promise<void> | undefined;
}

/** The result of `run`, or the value that it threw. */
export type RunResult = { readonly result: unknown } | { readonly error: unknown };

/** Creates the extension of a task. Returns the error text if the job is unknown or the payload is invalid. */
export function createExtension(
  Class: ExtensionClass | undefined,
  { job_name, payload }: Task,
): RunnableExtension | string {
  if (Class === undefined) return `job ${job_name} is not registered in this worker`;
  try {
    return instantiate(Class, payload);
  } catch (error) {
    return `invalid payload: ${error instanceof ValidationError ? error.message : toErrorText(error)}`;
  }
}

/** Calls the extension's `run`. Never throws. An error is logged and returned. */
export async function runExtension(
  reporter: RunReporter,
  extension: RunnableExtension,
  context: unknown,
  { logger, captureConsole }: { readonly logger: Logger; readonly captureConsole: boolean },
): Promise<RunResult> {
  try {
    const run = new LazyRunContext(reporter, logger);
    if (!captureConsole) return { result: await callRun(reporter, extension, context, run) };
    patchConsole();
    return { result: await consoleReporter.run(reporter, () => callRun(reporter, extension, context, run)) };
  } catch (error) {
    const { id, job_name } = reporter.task;
    logger.warn({ err: error, task: id, job: job_name }, "task failed");
    return { error };
  }
}

/** Calls `run`, stores the parts that it yields, and returns its result when the whole output is stored. */
async function callRun(
  reporter: RunReporter,
  extension: RunnableExtension,
  context: unknown,
  run: RunContext,
): Promise<unknown> {
  const value = await extension.run(context, run);
  const result = isGenerator(value) ? await storeParts(value, reporter.output) : value;
  const flushed = reporter.flushOutput();
  if (flushed !== undefined) await flushed;
  return result;
}

function isGenerator(value: unknown): value is Generator | AsyncGenerator {
  if (typeof value !== "object" || value === null || !("next" in value) || !("return" in value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** Writes the values that a generator yields to the output, and returns the value that it returns. */
async function storeParts(generator: Generator | AsyncGenerator, output: TaskOutput): Promise<unknown> {
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await generator.next();
      isDone = done === true;
      if (isDone) return value;
      await output.write(value);
    }
  } finally {
    // Runs the `finally` blocks of the generator if a part cannot be stored.
    if (!isDone) await generator.return(undefined);
  }
}

/**
 * The member has a symbol instead of a private name, because a proxy of a context, or an object that inherits from a
 * context, would not have the private member.
 */
const INTERNAL = Symbol("internal");

/** The second argument of an extension's `run`. It creates its signal and logger on first access. */
class LazyRunContext implements RunContext {
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
    Object.defineProperty(this, "output", LAZY_GETTERS.output);
  }

  get signal(): AbortSignal {
    return this[INTERNAL].reporter.signal;
  }
  get output(): TaskOutput {
    return this[INTERNAL].reporter.output;
  }
  get log(): TaskLogger {
    const internal = this[INTERNAL];
    internal.log ??= createTaskLogger(internal.logger, internal.reporter);
    return internal.log;
  }
}

/** The getters, defined as own properties of each instance, so that `{ ...run, progress }` contains their values. */
const LAZY_GETTERS = (() => {
  const { signal, log, output } = Object.getOwnPropertyDescriptors(LazyRunContext.prototype);
  return {
    signal: { ...signal, enumerable: true },
    log: { ...log, enumerable: true },
    output: { ...output, enumerable: true },
  };
})();

/** Creates the logger of a task. It writes to the worker's logger, and also stores each line with the task. */
function createTaskLogger(workerLogger: Logger, reporter: RunReporter): TaskLogger {
  const logAt = (level: LogLevel) => (first: object | string, second?: string) => {
    // The arguments are checked at run time, because plain JavaScript can pass any value.
    const isFields = typeof first === "object" && first !== null;
    const [fields, message] = isFields ? [first, toText(second ?? "")] : [{}, toText(first)];
    workerLogger[level](fields, message);
    reporter.log(formatLine(fields, message), level);
  };
  return { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
}

/** Formats a message and its fields as `message key=value …`. */
export function formatLine(fields: object, message: string): string {
  return [message, ...Object.entries(fields).map(([name, value]) => `${name}=${formatField(value)}`)].join(
    " ",
  );
}

function formatField(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value === "string" && /^\S+$/.test(value)) return value;
  try {
    return JSON.stringify(value) ?? toText(value);
  } catch {
    return toText(value);
  }
}

/**
 * The reporter of the current run. Code that `run` calls or awaits has the same reporter, so a printed line can be
 * assigned to its task.
 */
const consoleReporter = new AsyncLocalStorage<RunReporter>();
let isConsolePatched = false;

/** Wraps the methods of `console`, once per process. Lines are still printed, and are also stored with the task. */
function patchConsole(): void {
  if (isConsolePatched) return;
  isConsolePatched = true;
  for (const name of ["debug", "log", "info", "warn", "error"] as const) {
    const print = console[name].bind(console);
    console[name] = (...args: unknown[]) => {
      print(...args);
      consoleReporter.getStore()?.log(format(...args), name === "log" ? "info" : name);
    };
  }
}
