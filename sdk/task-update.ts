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

/** The hold that an update is made under: it is refused once that is over. */
export interface Lease {
  readonly id: string;
  readonly attempt: number;
}

/** What to deliver, and how long to try. */
export interface DeliveryOptions {
  readonly update: TaskUpdate;
  /** The task as it stands before; where it is given the server need not tell all of it again. */
  readonly before?: Task | undefined;
  readonly policy: RetryPolicy;
  /** Aborted when it is to be tried no longer. */
  readonly cancellation?: LazyAbort;
  readonly timeoutSeconds?: number;
}

/** Long enough for a restart of everything: what a task has cost is worth the patience. */
export const DELIVERY_RETRY: RetryPolicy = {
  attempts: Number.POSITIVE_INFINITY,
  baseSeconds: 0.25,
  maxSeconds: 10,
  deadlineSeconds: 300,
};

/** For what is told while somebody waits for the process to end. */
export const SHORT_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 3, deadlineSeconds: 5 };

/** For what is not worth a second try. */
export const NO_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 1 };

/** Tries an update until it is known to have arrived, or to be void; repeating one that has arrived changes nothing. */
export const deliverUpdate = (
  updates: Pick<UpdateQueue, "send">,
  { id, attempt }: Lease,
  { update, before, policy, cancellation: giveUp, timeoutSeconds }: DeliveryOptions,
): Promise<Task> =>
  withRetry(
    () => updates.send({ id, attempt, update, before }, { cancellation: giveUp, timeoutSeconds }),
    canRedeliver,
    { policy, abort: giveUp },
  );

/** A server's bug, a token that is being renewed and a portal in the way pass; the task's end must not be lost to them. */
const canRedeliver = (error: unknown): boolean =>
  isTransient(error) ||
  error instanceof InternalServerError ||
  error instanceof UnauthorizedError ||
  (error instanceof ProtocolError && error.status !== 413);

/** True where the server says that this hold has nothing more to say about the task. */
export const isLeaseLost = (error: unknown): boolean =>
  error instanceof TaskLostError ||
  error instanceof TaskNotFoundError ||
  error instanceof WorkerNotFoundError ||
  error instanceof InvalidTaskTransitionError ||
  error instanceof ForbiddenError;
