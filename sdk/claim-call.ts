import type { Task } from "../protocol/index.ts";
import type { JoblibClient } from "./client.ts";
import {
  InternalServerError,
  ProblemError,
  ProtocolError,
  UnauthorizedError,
  WorkerNotFoundError,
} from "./errors.ts";
import { MAX_LONG_POLL_SECONDS } from "./options.ts";
import { isTransient } from "./retry.ts";
import type { LiveWorker, WorkerSession } from "./worker-session.ts";

/** What a claim asks for. */
export interface ClaimRequest {
  readonly worker: LiveWorker;
  readonly limit: number;
  /** The tasks come running. */
  readonly start: boolean;
  readonly signal: AbortSignal;
}

/** What it is asked by. */
interface ClaimEnvironment {
  readonly client: JoblibClient;
  readonly session: WorkerSession;
}

/** True where the server said that nothing was claimed; of its own trouble it cannot tell what the database did. */
const hasClaimedNothing = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.status < 500;

/** One claim of a worker, held by the server until there is a task; what of it is lost comes back to the others. */
export const claimTasks = async (
  { client, session }: ClaimEnvironment,
  { worker, limit, start, signal }: ClaimRequest,
): Promise<readonly Task[]> => {
  const wait = MAX_LONG_POLL_SECONDS - Math.floor(Math.random() * 5);
  const options = { wait, signal, retry: false, timeoutSeconds: 10 } as const;
  const how = start ? { start } : {};
  try {
    const one = { body: { worker_id: worker.id, ...how } };
    const many = { params: { worker_id: worker.id }, body: { limit, ...how } };
    const { body } =
      limit === 1
        ? await client.call("claimTask", one, options)
        : await client.call("claimTasks", many, options);
    if (body.draining === true) session.drain(worker.id);
    if ("tasks" in body) return body.tasks;
    return body.task === null ? [] : [body.task];
  } catch (error) {
    if (error instanceof WorkerNotFoundError) session.markForgotten(worker.id);
    // Cut off, whether by the network or by our own stop: what it may have claimed is to come back to the others.
    if (!hasClaimedNothing(error)) session.scheduleLostClaimHeartbeat();
    throw error;
  }
};

/** True for a failed claim that is worth another try: what was right once and is not now passes, what was never right does not. */
export const canRetryClaim = (error: unknown, hasClaimed: boolean, failures: number): boolean =>
  isTransient(error) ||
  (hasClaimed && (error instanceof InternalServerError || error instanceof ProtocolError)) ||
  // A token that is renewed in time is there at the next try; one that is not will not be.
  (hasClaimed && error instanceof UnauthorizedError && failures < 3);
