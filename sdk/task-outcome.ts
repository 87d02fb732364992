import { MAX_ERROR_BYTES, type StopReason, type Task } from "../protocol/index.ts";
import {
  MalformedRequestError,
  PayloadTooLargeError,
  ProtocolError,
  TaskLostError,
  ValidationError,
} from "./errors.ts";
import { NotJsonError, toStorableText, toText } from "./json.ts";
import { isLeaseLost } from "./task-update.ts";

/** What running a task has come to. */
export type TaskOutcome =
  | { readonly status: "completed"; readonly task: Task }
  /** `task` is pending again where attempts are left; `cause` is what `run` threw. */
  | { readonly status: "failed"; readonly error: string; readonly cause: unknown; readonly task: Task }
  /** The hold was over before the end could be told; what was done is dropped. */
  | { readonly status: "lost"; readonly reason: StopReason | "undelivered" }
  | { readonly status: "released" };

/** Of a task that the server did not hear the end of, whose hold was over for `reason`, or for `error`. */
export const toLostOutcome = (error: unknown, reason: unknown): TaskOutcome => {
  const lost = reason instanceof TaskLostError ? reason : error;
  if (lost instanceof TaskLostError) return { status: "lost", reason: lost.reason };
  return { status: "lost", reason: isLeaseLost(error) ? "lost" : "undelivered" };
};

/** True if the update itself is refused, so that the same again would be refused again. */
export const isRejection = (error: unknown): boolean =>
  error instanceof NotJsonError ||
  error instanceof ValidationError ||
  error instanceof MalformedRequestError ||
  error instanceof PayloadTooLargeError ||
  isProxyRejection(error);

/** True for a 4xx that is not joblib's own: a proxy's body limit or a firewall's page. */
export const isProxyRejection = (error: unknown): boolean =>
  error instanceof ProtocolError && error.status !== undefined && error.status >= 400 && error.status < 500;

/** Long enough for a reason, and short enough for the smallest body limit of a server or a proxy. */
const SHORT_ERROR_BYTES = 300;

/** Returns the beginning of an error's text, for a report that was refused as a whole. */
export const toShortErrorText = (error: unknown): string =>
  // JSON writes a control character as six.
  toStorableText(toErrorText(error).replace(/\p{Cc}/gu, " "), SHORT_ERROR_BYTES);

/** An error's text, as much of it as the server keeps; the stack stays in the worker's log. */
export const toErrorText = (error: unknown): string => {
  const text = error instanceof Error ? describe(error) : toText(error);
  return toStorableText(text === "" ? "failed without a message" : text, MAX_ERROR_BYTES);
};

const describe = (error: Error): string => {
  const own =
    error.name === "Error" && error.message !== "" ? error.message : `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own} (because of ${error.cause.message})` : own;
};
