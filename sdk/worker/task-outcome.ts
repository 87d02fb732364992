import { MAX_ERROR_BYTES, type StopReason, type Task } from "../../protocol/index.ts";
import {
  FileUploadError,
  ForbiddenError,
  InvalidTaskTransitionError,
  MalformedRequestError,
  OutputGapError,
  OutputTooLargeError,
  PayloadTooLargeError,
  ProtocolError,
  TaskLostError,
  TaskNotFoundError,
  ValidationError,
  WorkerNotFoundError,
} from "../errors.ts";
import { NotJsonError, toStorableText, toText } from "../extension/json.ts";

/** The outcome of running a task. */
export type TaskOutcome =
  | { readonly status: "completed"; readonly task: Task }
  /**
   * `task` is pending if it has attempts left. `error` is the stored text; `cause` is the value
   * that `run` threw.
   */
  | { readonly status: "failed"; readonly error: string; readonly cause: unknown; readonly task: Task }
  /**
   * The lease was lost, or the server did not accept the outcome of the task in time
   * (`undelivered`). The result is discarded, unless the server stores it as a late result.
   */
  | { readonly status: "lost"; readonly reason: StopReason | "undelivered" }
  /** The task did not run and was requeued. */
  | { readonly status: "released" };

/**
 * Returns a `TaskLostError` if the error of a task's update means that the worker has lost the
 * lease, otherwise undefined. If the update only reported progress or log lines (`isReport`), only
 * the problems `task-lost` and `task-not-found` mean that.
 */
export function getLostError(error: unknown, isReport = false): TaskLostError | undefined {
  if (error instanceof TaskLostError) return error;
  const isLost =
    error instanceof TaskNotFoundError ||
    (!isReport &&
      (error instanceof WorkerNotFoundError ||
        error instanceof InvalidTaskTransitionError ||
        error instanceof ForbiddenError));
  return isLost ? TaskLostError.create("lost") : undefined;
}

/**
 * Returns true if the content of an update was rejected, so that repeating the update would fail
 * too.
 */
export const isRejection = (error: unknown): boolean =>
  error instanceof NotJsonError ||
  error instanceof ValidationError ||
  error instanceof MalformedRequestError ||
  error instanceof PayloadTooLargeError ||
  error instanceof OutputTooLargeError ||
  error instanceof OutputGapError ||
  error instanceof FileUploadError ||
  isProxyRejection(error);

/** Returns true for a 4xx response of a proxy, such as the page of a firewall or a body limit. */
export const isProxyRejection = (error: unknown): boolean =>
  error instanceof ProtocolError && error.status !== undefined && error.status >= 400 && error.status < 500;

/**
 * Returns the first 300 bytes of an error's text, which is less than the smallest body limits of
 * proxies. Control characters are replaced, because JSON escapes each of them as six characters.
 */
export const toShortError = (error: unknown): string =>
  toStorableText(toErrorText(error).replace(/\p{Cc}/gu, " "), 300);

/**
 * Returns an error's text within the server's limit, without the stack, which is only in the
 * worker's log.
 */
export const toErrorText = (error: unknown): string => {
  const text = error instanceof Error ? describeError(error) : toText(error);
  return toStorableText(text === "" ? "Failed with no error message." : text, MAX_ERROR_BYTES);
};

const describeError = (error: Error): string => {
  const text =
    error.name === "Error" && error.message !== "" ? error.message : `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${text} (caused by: ${error.cause.message})` : text;
};
