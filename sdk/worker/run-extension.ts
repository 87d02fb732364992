import type { JsonObject, JsonValue, LogLevel } from "../../protocol/index.ts";
import { ValidationError } from "../errors.ts";
import { type ExtensionClass, instantiate, type RunnableExtension } from "../extension/extension.ts";
import { toJson } from "../extension/json.ts";
import { validate } from "../extension/standard-schema.ts";
import type { Logger } from "../logger.ts";
import { runWithConsoleCapture } from "./capture-console.ts";
import { LazyRunContext, type RunReporter } from "./run-context.ts";
import { toErrorText } from "./task-outcome.ts";

/** The result of `run`, or the value that it threw. */
export type RunResult = { readonly result: unknown } | { readonly error: unknown };

/** The parts of a task that its extension is created from. */
interface RunnableTask {
  readonly jobName: string;
  readonly payload: JsonObject;
}

/** Creates the extension of a task. Returns the error text if the job is unknown or the payload is invalid. */
export function createExtension(
  Class: ExtensionClass | undefined,
  { jobName, payload }: RunnableTask,
): RunnableExtension | string {
  if (Class === undefined) return `job ${jobName} is not registered in this worker`;
  try {
    return instantiate(Class, payload);
  } catch (error) {
    return `invalid payload: ${error instanceof ValidationError ? error.message : toErrorText(error)}`;
  }
}

/** Calls the extension's `run`. Never throws. An error is logged and returned. */
export async function runExtension(
  task: RunReporter,
  extension: RunnableExtension,
  context: unknown,
  { logger, captureConsole }: { readonly logger: Logger; readonly captureConsole: boolean },
): Promise<RunResult> {
  try {
    const run = new LazyRunContext(task, logger);
    if (!captureConsole) return { result: await extension.run(context, run) };
    const onLine = (text: string, level: LogLevel) => task.log(text, level);
    return { result: await runWithConsoleCapture(onLine, () => extension.run(context, run)) };
  } catch (error) {
    logger.warn({ err: error, task: task.task.id, job: task.task.job_name }, "task failed");
    return { error };
  }
}

/**
 * Converts a result with the job's result schema and returns it as JSON. Throws `ValidationError` if it does
 * not match the schema, and `NotJsonError` if it is not JSON.
 */
export function toResult(Class: ExtensionClass | undefined, result: unknown): JsonValue {
  if (Class?.result === undefined) return toJson(result);
  const validated = validate(Class.result, result, "/result");
  if ("value" in validated) return toJson(validated.value);
  const [first] = validated.errors;
  throw ValidationError.create(`${first?.pointer}: ${first?.detail}`, validated.errors);
}
