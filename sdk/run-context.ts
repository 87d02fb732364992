import type { LogLevel, Task } from "../protocol/index.ts";
import type { RunContext } from "./extension.ts";
import type { Logger, TaskLogger } from "./logger.ts";
import { createTaskLogger } from "./task-logger.ts";

/** What a task's run is told with. */
export interface RunReporter {
  readonly task: Task;
  readonly signal: AbortSignal;
  progress(fraction?: number, message?: string): void;
  log(text: string, level: LogLevel): void;
}

/** Not a private name, which a proxy of a context, or an object made on it, would not have. */
const INTERNAL = Symbol("of");

/** What `run` is given; its signal and its logger are made when it asks for them. */
class LazyRunContext implements RunContext {
  readonly task: Task;
  readonly progress: RunContext["progress"];
  readonly [INTERNAL]: { readonly telling: RunReporter; readonly logger: Logger; log?: TaskLogger };

  constructor(telling: RunReporter, logger: Logger) {
    // V8 makes a function that is assigned to a property old at once, and so what it refers to: this one was to be short-lived.
    const progress: RunContext["progress"] = (fraction, message) => telling.progress(fraction, message);
    this.progress = progress;
    this.task = telling.task;
    this[INTERNAL] = { telling, logger };
    Object.defineProperty(this, "signal", LAZY_GETTERS.signal);
    Object.defineProperty(this, "log", LAZY_GETTERS.log);
  }

  get signal(): AbortSignal {
    return this[INTERNAL].telling.signal;
  }
  get log(): TaskLogger {
    const of = this[INTERNAL];
    of.log ??= createTaskLogger(of.logger, (text, level) => of.telling.log(text, level));
    return of.log;
  }
}

/** The getters, for each instance to have as its own: `{ ...run, progress }` is to have them too. */
const LAZY_GETTERS = (() => {
  const { signal, log } = Object.getOwnPropertyDescriptors(LazyRunContext.prototype);
  return { signal: { ...signal, enumerable: true }, log: { ...log, enumerable: true } };
})();

/** What `run` of an extension is given. */
export const createRunContext = (telling: RunReporter, own: Logger): RunContext =>
  new LazyRunContext(telling, own);
