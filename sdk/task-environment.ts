import type { JsonObject, JsonValue } from "../protocol/index.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import { ValidationError } from "./errors.ts";
import { type ExtensionClass, instantiate, type RunnableExtension } from "./extension.ts";
import type { LeasedTask } from "./heartbeat.ts";
import { toJson } from "./json.ts";
import type { Logger } from "./logger.ts";
import { check } from "./standard-schema.ts";
import { toErrorText } from "./task-outcome.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Where tasks have their places. */
export interface TaskLifecycle {
  /** The work is done and its end is on its way to the server; or, where that was refused, it is not. */
  onEnding(task: ClaimedTask, isEnding: boolean): void;
  /** The task needs nothing more. */
  onSettled(task: ClaimedTask): void;
}

/** What claimed tasks need of their worker and of the stream that they came by. */
export interface TaskEnvironment extends TaskLifecycle {
  readonly updates: Pick<UpdateQueue, "send">;
  readonly logger: Logger;
  /** What `run` prints is kept with its task. */
  readonly captureConsole: boolean;
  /** What `run` is given when its caller gives nothing. */
  readonly context: unknown;
  find(jobName: string): ExtensionClass | undefined;
  release(task: LeasedTask): Promise<void>;
}

/** The extension that runs a job, with its parameters, or why there is none. */
export const createExtension = (
  home: TaskEnvironment,
  jobName: string,
  payload: JsonObject,
): RunnableExtension | string => {
  const Class = home.find(jobName);
  if (Class === undefined) return `this worker does not know the job ${jobName}`;
  try {
    return instantiate(Class, payload);
  } catch (error) {
    return `malformed payload: ${error instanceof ValidationError ? error.message : toErrorText(error)}`;
  }
};

/** A result as it is sent: what the job's schema makes of it, as JSON. */
export const toResult = (home: TaskEnvironment, jobName: string, result: unknown): JsonValue => {
  const schema = home.find(jobName)?.result;
  if (schema === undefined) return toJson(result);
  const checked = check(schema, result, "/result");
  if ("value" in checked) return toJson(checked.value);
  const [first] = checked.errors;
  throw ValidationError.of(`${first?.pointer}: ${first?.detail}`, checked.errors);
};
