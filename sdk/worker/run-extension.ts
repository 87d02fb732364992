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
import { collectRemoteFiles } from "../files/remote-file.ts";
import type { Logger, TaskLogger } from "../logger.ts";
import { loadFiles, type TaskFiles } from "./task-files.ts";
import { toErrorText } from "./task-outcome.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** The parts of a worker that its tasks use. */
export interface RunEnvironment {
  readonly updates: Pick<UpdateQueue, "deliver">;
  /** Requeues a task that has not started. */
  release(taskId: string): Promise<void>;
  readonly logger: Logger;
  /** True if lines that `run` prints with `console` are stored with the task. */
  readonly captureConsole: boolean;
  /** Reads and uploads files on the server; undefined if the task runs without a server. */
  readonly files: TaskFiles | undefined;
  /** The default context of `run`. */
  readonly context: unknown;
  /** Returns the extension of a job, or undefined if it is not registered in this process. */
  find(jobName: string): ExtensionClass | undefined;
}

/** The members of a claimed task that `runExtension` uses. */
interface RunReporter extends Pick<RunContext, "task" | "signal" | "progress"> {
  start(): Promise<unknown>;
  log(text: string, level: LogLevel): void;
  readonly output: TaskOutput;
}

/** The result of `run`, or the value that it threw. */
export type RunResult = { readonly result: unknown } | { readonly error: unknown };

/**
 * Creates the extension, starts the task and calls the extension's `run`. Returns an error if the
 * job is unknown or the payload is invalid. Throws only the errors of `start`.
 */
export async function runExtension(
  reporter: RunReporter,
  Class: ExtensionClass | undefined,
  context: unknown,
  { logger, captureConsole, files }: RunEnvironment,
): Promise<RunResult> {
  const { id, job_name, payload } = reporter.task;
  if (Class === undefined) return { error: `job ${job_name} is not registered in this worker` };
  let parsed: ReturnType<typeof collectRemoteFiles<RunnableExtension>>;
  try {
    parsed = collectRemoteFiles(() => instantiate(Class, payload));
  } catch (error) {
    return {
      error: `invalid payload: ${error instanceof ValidationError ? error.message : toErrorText(error)}`,
    };
  }
  await reporter.start();
  const { value: extension, files: remoteFiles } = parsed;
  try {
    if (remoteFiles.length > 0) await loadFiles(remoteFiles, files, reporter.signal);
    const run = new LazyRunContext(reporter, logger);
    if (!captureConsole) return { result: await callRun(reporter, extension, context, run) };
    patchConsole();
    return { result: await consoleReporter.run(reporter, () => callRun(reporter, extension, context, run)) };
  } catch (error) {
    logger.warn({ err: error, task: id, job: job_name }, "task failed");
    return { error };
  }
}

/** Calls `run`, writes the parts that it yields to the output, and returns its result. */
async function callRun(
  reporter: RunReporter,
  extension: RunnableExtension,
  context: unknown,
  run: RunContext,
): Promise<unknown> {
  const value = await extension.run(context, run);
  return isGenerator(value) ? storeParts(value, reporter.output) : value;
}

function isGenerator(value: unknown): value is Generator | AsyncGenerator {
  if (typeof value !== "object" || value === null || !("next" in value) || !("return" in value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/**
 * Writes the values that a generator yields to the output, and returns the value that it returns.
 */
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
    // If a part could not be stored, this runs the `finally` blocks of the generator.
    if (!isDone) await generator.return(undefined);
  }
}

/**
 * The key of the internal members of a `LazyRunContext`. The key is a symbol instead of a private
 * name (`#…`), because private members cannot be accessed through a proxy of the context, or on an
 * object that inherits from it.
 */
const INTERNAL = Symbol("internal");

/**
 * The second argument of an extension's `run`. Its signal, logger and output are created on first
 * access.
 */
class LazyRunContext implements RunContext {
  declare readonly signal: AbortSignal;
  declare readonly log: TaskLogger;
  declare readonly output: TaskOutput;
  readonly task: Task;
  readonly progress: RunContext["progress"];
  readonly [INTERNAL]: { readonly reporter: RunReporter; readonly logger: Logger; log?: TaskLogger };

  constructor(reporter: RunReporter, logger: Logger) {
    // Assigns the function to a local variable first. If a function literal is assigned directly to
    // a property, V8 allocates the function in the old generation, where it keeps the task in
    // memory until the next full garbage collection.
    const progress: RunContext["progress"] = (fraction, message) => reporter.progress(fraction, message);
    this.progress = progress;
    this.task = reporter.task;
    this[INTERNAL] = { reporter, logger };
    // Two calls of `defineProperty` are 1 µs faster than one call of `defineProperties`.
    Object.defineProperty(this, "signal", LAZY_MEMBERS.signal);
    Object.defineProperty(this, "log", LAZY_MEMBERS.log);
    Object.defineProperty(this, "output", LAZY_MEMBERS.output);
  }
}

/**
 * The members that a context creates on first access. The getters are the same for all contexts,
 * but they are defined as properties of each context instead of its prototype, so that a copy such
 * as `{ ...run, progress }` contains them.
 */
const LAZY_MEMBERS: Record<"signal" | "log" | "output", PropertyDescriptor> & ThisType<LazyRunContext> = {
  signal: {
    enumerable: true,
    get() {
      return this[INTERNAL].reporter.signal;
    },
  },
  output: {
    enumerable: true,
    get() {
      return this[INTERNAL].reporter.output;
    },
  },
  log: {
    enumerable: true,
    get() {
      const internal = this[INTERNAL];
      internal.log ??= createTaskLogger(internal.logger, internal.reporter);
      return internal.log;
    },
  },
};

/**
 * Creates the logger of a task. It writes to the worker's logger, and also stores each line with
 * the task.
 */
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
  const formatted = Object.entries(fields).map(([name, value]) => `${name}=${formatField(value)}`);
  return [message, ...formatted].join(" ");
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
 * The reporter of the task in whose `run` the current code is executed. It is also available in
 * functions that `run` calls or awaits, so that lines that they print are stored with the task.
 */
const consoleReporter = new AsyncLocalStorage<RunReporter>();
let isConsolePatched = false;

/**
 * Wraps the methods of `console`, once per process. Lines are still printed, and are also stored
 * with the task.
 */
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
