import { MAX_UPDATES_PER_REQUEST, type Task, type TaskUpdate } from "../../protocol/index.ts";
import { InternalServerError, ProblemError, ProtocolError, UnauthorizedError } from "../errors.ts";
import type { LazyAbort } from "../http/abort.ts";
import type { JoblibClient } from "../http/client.ts";
import { RequestBatcher } from "../http/request-batcher.ts";
import { isTransient, type RetryPolicy, withRetry } from "../http/retry.ts";
import { toProblemError } from "../problem-errors.ts";
import { isProxyRejection } from "./task-outcome.ts";

/**
 * An update of a task by its worker. The server rejects the update if the task was claimed again,
 * so that its attempt is different.
 */
export interface FencedUpdate {
  readonly id: string;
  readonly attempt: number;
  readonly update: TaskUpdate;
  /**
   * The task before the update. If it is set, a completion or parts of the output can be sent with
   * `Prefer: return=minimal`.
   */
  readonly currentTask?: Task | undefined;
  /** Aborts the request and its retries. */
  readonly cancellation?: LazyAbort | undefined;
  /** Maximum duration of each request, in seconds. */
  readonly timeoutSeconds?: number | undefined;
}

/**
 * The retry policy for the outcome of a task. A server and its database can restart within its 5
 * minutes.
 */
export const DELIVERY_RETRY: RetryPolicy = {
  attempts: Infinity,
  baseSeconds: 0.25,
  maxSeconds: 10,
  deadlineSeconds: 300,
};
/** The retry policy for log lines, and for updates while the process shuts down. */
export const SHORT_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 3, deadlineSeconds: 5 };
/** The policy for updates that are not worth a retry. */
export const NO_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 1 };

/** Combines the task updates of one worker into batches. Every update has its own outcome. */
export class UpdateQueue {
  readonly #client: JoblibClient;
  readonly #workerId: string;
  readonly #batcher: RequestBatcher<FencedUpdate, Task>;

  constructor(client: JoblibClient, workerId: string) {
    this.#client = client;
    this.#workerId = workerId;
    this.#batcher = new RequestBatcher<FencedUpdate, Task>({
      maxCalls: MAX_UPDATES_PER_REQUEST,
      sendOne: (update) => this.#sendOne(update),
      sendMany: (updates) => this.#sendMany(updates),
      failsWholeBatch: (error) =>
        isServerFailure(error) || !(error instanceof ProblemError || isProxyRejection(error)),
    });
  }

  /**
   * Sends an update until the server accepts or rejects it, and returns the updated task. An update
   * that the server receives twice has the same effect as one. Throws the last error if the
   * policy's limits are reached.
   */
  deliver(update: FencedUpdate, policy: RetryPolicy): Promise<Task> {
    return withRetry(() => this.send(update), canRedeliver, { policy, signal: update.cancellation });
  }

  /**
   * Sends an update without retries, and returns the updated task. Throws the error of this update.
   */
  send(fenced: FencedUpdate): Promise<Task> {
    const { result, error, progress, log, output } = fenced.update;
    // The size of small updates is estimated without serializing them, because a worker sends
    // thousands of updates per second.
    const isSmall = (result ?? error ?? progress ?? log ?? output ?? null) === null;
    const bytes = isSmall ? 100 : JSON.stringify(fenced.update).length;
    return this.#batcher.send(fenced, bytes, fenced.cancellation);
  }

  /**
   * Sends no updates until the promise is resolved or rejected. Used after a suspension, until the
   * worker knows which leases it has lost.
   */
  pauseUntil(resumed: Promise<void>): void {
    this.#batcher.pauseUntil(resumed);
  }

  async #sendOne(fenced: FencedUpdate): Promise<Task> {
    const { id, attempt, update, cancellation, timeoutSeconds } = fenced;
    // Output is sent with the operation for several updates, because the response to `updateTask`
    // contains the whole task, whose payload may be large.
    if (update.output !== undefined) return this.#sendOutput(fenced);
    const body = { ...update, worker_id: this.#workerId, attempt };
    const options = { retry: false, signal: cancellation?.signal, timeoutSeconds };
    return (await this.#client.call("updateTask", { params: { task_id: id }, body }, options)).body;
  }

  async #sendOutput(fenced: FencedUpdate): Promise<Task> {
    const [outcome] = await this.#sendMany([fenced]);
    if (outcome === undefined || outcome instanceof Error) throw outcome;
    return outcome;
  }

  async #sendMany(batch: readonly FencedUpdate[]): Promise<(Task | Error)[]> {
    const updates = batch.map(({ id, attempt, update }) => ({ ...update, id, attempt }));
    const request = { params: { worker_id: this.#workerId }, body: { updates } };
    const { body } = batch.every(canUseMinimalResponse)
      ? await this.#client.callMinimal("updateTasks", request, { retry: false })
      : await this.#client.call("updateTasks", request, { retry: false });
    if (body.results.length !== batch.length) throw createMismatchError();
    return body.results.map((result, index) => {
      const fenced = batch[index];
      if (fenced?.id !== result.id) throw createMismatchError();
      if ("task" in result) return result.task;
      if ("problem" in result) return toProblemError(result.problem);
      const { currentTask, update } = fenced;
      if (currentTask === undefined) throw createMismatchError();
      const { status, completed_at } = result;
      return { ...currentTask, status, completed_at, error: null, result: update.result ?? null };
    });
  }
}

const canUseMinimalResponse = ({ currentTask, update }: FencedUpdate): boolean =>
  currentTask !== undefined &&
  update.progress === undefined &&
  (update.status === "completed" || update.output !== undefined);

const createMismatchError = (): ProtocolError =>
  new ProtocolError("the server returned the results of other updates", 200);

/**
 * Returns true for a transient error, a bug of the server, or an expired token, which may be
 * renewed.
 */
const isServerFailure = (error: unknown): boolean =>
  isTransient(error) || error instanceof InternalServerError || error instanceof UnauthorizedError;

/**
 * Returns true for errors after which an update is sent again. These include `ProtocolError`,
 * because the response may come from a captive portal instead of the server.
 */
const canRedeliver = (error: unknown): boolean =>
  isServerFailure(error) || (error instanceof ProtocolError && error.status !== 413);
