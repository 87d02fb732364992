import type { LogLevel, Task } from "../protocol/index.ts";
import type { RunContext } from "./extension.ts";
import type { Logger, TaskLogger } from "./logger.ts";
import { taskLogger } from "./task-logger.ts";

/** What a task's run is told with. */
export interface Telling {
  readonly task: Task;
  readonly signal: AbortSignal;
  progress(fraction?: number, message?: string): void;
  log(text: string, level: LogLevel): void;
}

/** What `run` is given; its signal and its logger are made when it asks for them. */
export const runContextOf = (telling: Telling, own: Logger): RunContext => {
  let log: TaskLogger | undefined;
  return {
    task: telling.task,
    progress: (fraction, message) => telling.progress(fraction, message),
    get signal() {
      return telling.signal;
    },
    get log() {
      log ??= taskLogger(own, (text, level) => telling.log(text, level));
      return log;
    },
  };
};
