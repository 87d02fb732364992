import type { Task, TaskUpdate } from "../protocol/index.ts";
import {
  ForbiddenError,
  InternalServerError,
  InvalidTaskTransitionError,
  ProtocolError,
  TaskLostError,
  TaskNotFoundError,
  UnauthorizedError,
  WorkerNotFoundError,
} from "./errors.ts";
import type { LazyAbort } from "./lazy-abort.ts";
import { isTransient, type RetryPolicy, withRetry } from "./retry.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** The lease of a task: the server rejects updates with another attempt. */
export interface Lease {
  readonly id: string;
  readonly attempt: number;
}

/** An update, and how to retry it. */
export interface DeliveryOptions {
  readonly update: TaskUpdate;
  /** The task before the update. If it is set, the server can send a minimal response. */
  readonly currentTask?: Task | undefined;
  readonly policy: RetryPolicy;
  /** Aborts the retries. */
  readonly cancellation?: LazyAbort;
  /** Maximum duration of each request, in seconds. */
  readonly timeoutSeconds?: number;
}

/**
 * Retries for 5 minutes. Used for the end of a task, because its result is valuable: 5 minutes are enough for
 * a restart of the server and its database.
 */
export const DELIVERY_RETRY: RetryPolicy = {
  attempts: Number.POSITIVE_INFINITY,
  baseSeconds: 0.25,
  maxSeconds: 10,
  deadlineSeconds: 300,
};

/** Used for updates while the process shuts down, and for log lines. */
export const SHORT_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 3, deadlineSeconds: 5 };

/** Used for updates that are not worth a retry. */
export const NO_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 1 };

/**
 * Sends an update until the server accepts or rejects it, and returns the task. Repeating an update has no effect.
 * Throws the last error if the policy's limits are reached.
 */
export const deliverUpdate = (
  updates: Pick<UpdateQueue, "send">,
  { id, attempt }: Lease,
  { update, currentTask, policy, cancellation, timeoutSeconds }: DeliveryOptions,
): Promise<Task> =>
  withRetry(
    () => updates.send({ id, attempt, update, currentTask }, { cancellation, timeoutSeconds }),
    canRedeliver,
    { policy, abort: cancellation },
  );

/**
 * Returns true for errors after which the end of a task is sent again: transient errors, a bug of the server,
 * an expired token that may be renewed, and the page of a captive portal.
 */
const canRedeliver = (error: unknown): boolean =>
  isTransient(error) ||
  error instanceof InternalServerError ||
  error instanceof UnauthorizedError ||
  (error instanceof ProtocolError && error.status !== 413);

/** Returns true if the error means that the worker's lease on the task is lost. */
export const isLeaseLost = (error: unknown): boolean =>
  error instanceof TaskLostError ||
  error instanceof TaskNotFoundError ||
  error instanceof WorkerNotFoundError ||
  error instanceof InvalidTaskTransitionError ||
  error instanceof ForbiddenError;
