import type { JsonObject, JsonValue } from "../../protocol/index.ts";
import { ValidationError } from "../errors.ts";
import { type ExtensionClass, instantiate, type RunnableExtension } from "../extension/extension.ts";
import { toJson } from "../extension/json.ts";
import { validate } from "../extension/standard-schema.ts";
import type { Logger } from "../logger.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import type { LeasedTask } from "./heartbeat.ts";
import { toErrorText } from "./task-outcome.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Receives the end of a task, so that its slot can be reused. */
export interface TaskLifecycle {
  /**
   * True: the work is done, and the update that ends the task is being sent. False: the server rejected that update.
   */
  onEnding(task: ClaimedTask, isEnding: boolean): void;
  /** The task is completed, failed, lost or released. */
  onSettled(task: ClaimedTask): void;
}

/** The parts of the worker and of the task stream that a claimed task uses. */
export interface TaskEnvironment extends TaskLifecycle {
  readonly updates: Pick<UpdateQueue, "send">;
  readonly logger: Logger;
  /** Whether lines that `run` prints with `console` are stored with the task. */
  readonly captureConsole: boolean;
  /** The default context of `run`. */
  readonly context: unknown;
  /** Returns the extension of a job; undefined if this process does not have it. */
  find(jobName: string): ExtensionClass | undefined;
  /** Requeues a task that has not started. */
  release(task: LeasedTask): Promise<void>;
}

/** Creates the extension that runs a job. Returns the error text if the job is unknown or the payload is invalid. */
export const createExtension = (
  environment: TaskEnvironment,
  jobName: string,
  payload: JsonObject,
): RunnableExtension | string => {
  const Class = environment.find(jobName);
  if (Class === undefined) return `job ${jobName} is not registered in this worker`;
  try {
    return instantiate(Class, payload);
  } catch (error) {
    return `invalid payload: ${error instanceof ValidationError ? error.message : toErrorText(error)}`;
  }
};

/**
 * Returns a result as JSON, after the job's result schema has transformed it.
 * Throws `ValidationError` if the result does not match the schema, and `NotJsonError` if it is not JSON.
 */
export const toResult = (environment: TaskEnvironment, jobName: string, result: unknown): JsonValue => {
  const schema = environment.find(jobName)?.result;
  if (schema === undefined) return toJson(result);
  const validated = validate(schema, result, "/result");
  if ("value" in validated) return toJson(validated.value);
  const [first] = validated.errors;
  throw ValidationError.create(`${first?.pointer}: ${first?.detail}`, validated.errors);
};
