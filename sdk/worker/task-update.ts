import type { Task, TaskUpdate } from "../../protocol/index.ts";
import {
  ForbiddenError,
  InternalServerError,
  InvalidTaskTransitionError,
  ProtocolError,
  TaskLostError,
  TaskNotFoundError,
  UnauthorizedError,
  WorkerNotFoundError,
} from "../errors.ts";
import type { LazyAbort } from "../http/lazy-abort.ts";
import { isTransient, type RetryPolicy, withRetry } from "../http/retry.ts";
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
 * For the end of a task: retries for 5 minutes, enough for a restart of the server and its database, because the result
 * of a task is valuable.
 */
export const DELIVERY_RETRY: RetryPolicy = {
  attempts: Number.POSITIVE_INFINITY,
  baseSeconds: 0.25,
  maxSeconds: 10,
  deadlineSeconds: 300,
};

/** For updates while a process shuts down, and for log lines. */
export const SHORT_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 3, deadlineSeconds: 5 };

/** For updates that are not worth a retry. */
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
 * Returns true for transient errors, and for errors that the end of a task should survive: a bug of the server, a token
 * that is being renewed, or the page of a captive portal.
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
