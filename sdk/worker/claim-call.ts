import type { Task } from "../../protocol/index.ts";
import {
  InternalServerError,
  ProblemError,
  ProtocolError,
  UnauthorizedError,
  WorkerNotFoundError,
} from "../errors.ts";
import type { JoblibClient } from "../http/client.ts";
import { MAX_LONG_POLL_SECONDS } from "../http/options.ts";
import { isTransient } from "../http/retry.ts";
import type { LiveWorker, WorkerSession } from "./worker-session.ts";

export interface ClaimRequest {
  readonly worker: LiveWorker;
  /** Maximum number of tasks. */
  readonly limit: number;
  /** True if the claim also starts the tasks. */
  readonly start: boolean;
  readonly signal: AbortSignal;
}

/** The parts of the manager that a claim uses. */
interface ClaimEnvironment {
  readonly client: JoblibClient;
  readonly session: WorkerSession;
}

/**
 * Returns true if the error proves that no task was claimed. After a 5xx, the database may have committed the claim.
 */
const hasClaimedNothing = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.status < 500;

/**
 * Claims tasks with a long poll. If the response is lost, a heartbeat is scheduled, so that the server
 * requeues the undelivered claim.
 */
export const claimTasks = async (
  { client, session }: ClaimEnvironment,
  { worker, limit, start, signal }: ClaimRequest,
): Promise<readonly Task[]> => {
  const wait = MAX_LONG_POLL_SECONDS - Math.floor(Math.random() * 5);
  const options = { wait, signal, retry: false, timeoutSeconds: 10 } as const;
  const startOption = start ? { start } : {};
  try {
    const single = { body: { worker_id: worker.id, ...startOption } };
    const multiple = { params: { worker_id: worker.id }, body: { limit, ...startOption } };
    const { body } =
      limit === 1
        ? await client.call("claimTask", single, options)
        : await client.call("claimTasks", multiple, options);
    if (body.draining === true) session.markDrained(worker.id);
    if ("tasks" in body) return body.tasks;
    return body.task === null ? [] : [body.task];
  } catch (error) {
    if (error instanceof WorkerNotFoundError) session.markForgotten(worker.id);
    // The claim was interrupted by the network or by `stop`. The server must requeue the tasks that it may
    // have claimed.
    if (!hasClaimedNothing(error)) session.scheduleRequeueOfLostClaim();
    throw error;
  }
};

/**
 * Returns true if a failed claim should be retried. After one successful claim, the configuration is known to
 * be correct, so more kinds of errors are considered transient.
 */
export const canRetryClaim = (error: unknown, hasClaimed: boolean, failures: number): boolean =>
  isTransient(error) ||
  (hasClaimed && (error instanceof InternalServerError || error instanceof ProtocolError)) ||
  // The token may be renewed before the next attempt.
  (hasClaimed && error instanceof UnauthorizedError && failures < 3);
