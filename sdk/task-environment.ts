import type { JsonObject, JsonValue } from "../protocol/index.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import { ValidationError } from "./errors.ts";
import { type ExtensionClass, instantiate, type RunnableExtension } from "./extension.ts";
import type { LeasedTask } from "./heartbeat.ts";
import { toJson } from "./json.ts";
import type { Logger } from "./logger.ts";
import { validate } from "./standard-schema.ts";
import { toErrorText } from "./task-outcome.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Is notified of the end of a task, so that its slot can be reused. */
export interface TaskLifecycle {
  /**
   * `isEnding` is true if the update that ends the task is being sent, because the work is done. It is false
   * if the server has rejected this update.
   */
  onEnding(task: ClaimedTask, isEnding: boolean): void;
  /** Called when the task is completed, failed, lost or released. */
  onSettled(task: ClaimedTask): void;
}

/** The parts of the worker and of the task stream that a claimed task uses. */
export interface TaskEnvironment extends TaskLifecycle {
  readonly updates: Pick<UpdateQueue, "send">;
  readonly logger: Logger;
  /** True if lines that `run` prints with `console` are stored with the task. */
  readonly captureConsole: boolean;
  /** The default context of `run`. */
  readonly context: unknown;
  /** Returns the extension of a job, or undefined if it is not registered in this process. */
  find(jobName: string): ExtensionClass | undefined;
  /** Requeues a task that has not started. */
  release(task: LeasedTask): Promise<void>;
}

/**
 * Creates an instance of the extension that runs a job. Returns an error text if the job is unknown or the
 * payload is invalid.
 */
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
 * Converts a result with the job's result schema and returns it as JSON. Throws `ValidationError` if it does
 * not match the schema, and `NotJsonError` if it is not JSON.
 */
export const toResult = (environment: TaskEnvironment, jobName: string, result: unknown): JsonValue => {
  const schema = environment.find(jobName)?.result;
  if (schema === undefined) return toJson(result);
  const validated = validate(schema, result, "/result");
  if ("value" in validated) return toJson(validated.value);
  const [first] = validated.errors;
  throw ValidationError.create(`${first?.pointer}: ${first?.detail}`, validated.errors);
};
