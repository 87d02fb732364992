import {
  MAX_UPDATES_PER_REQUEST,
  type MinimalResponse,
  type OperationRequest,
  type OperationResponse,
  type Operations,
  type Task,
  type TaskUpdate,
} from "../../protocol/index.ts";
import { InternalServerError, ProblemError, ProtocolError, UnauthorizedError } from "../errors.ts";
import type { LazyAbort } from "../http/abort.ts";
import type { JoblibClient } from "../http/client.ts";
import { RequestBatcher } from "../http/request-batcher.ts";
import { isTransient, type RetryPolicy, withRetry } from "../http/retry.ts";
import { toProblemError } from "../problem-errors.ts";
import { isProxyRejection } from "./task-outcome.ts";

/** The lease of a task: the server rejects updates with another attempt. */
export interface Lease {
  readonly id: string;
  readonly attempt: number;
}

/** An update of a task by its worker. */
export interface FencedUpdate extends Lease {
  readonly update: TaskUpdate;
  /** The task before the update. If it is set, a completion can be sent with `Prefer: return=minimal`. */
  readonly currentTask?: Task | undefined;
}

export interface UpdateOptions {
  /** Aborts the request and its retries. */
  readonly cancellation?: LazyAbort | undefined;
  /** Maximum duration of each request, in seconds. */
  readonly timeoutSeconds?: number | undefined;
}

export interface DeliveryOptions extends UpdateOptions {
  readonly policy: RetryPolicy;
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

/** The policy for updates while the process shuts down, and for log lines. */
export const SHORT_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 3, deadlineSeconds: 5 };

/** The policy for updates that are not worth a retry. */
export const NO_RETRY: RetryPolicy = { ...DELIVERY_RETRY, attempts: 1 };

interface UpdateCall {
  readonly fenced: FencedUpdate;
  readonly options: UpdateOptions;
}

/** Batches the task updates of one worker. Every update has its own outcome. */
export class UpdateQueue {
  readonly #client: JoblibClient;
  readonly #workerId: string;
  readonly #batcher: RequestBatcher<UpdateCall, Task>;

  constructor(client: JoblibClient, workerId: string) {
    this.#client = client;
    this.#workerId = workerId;
    this.#batcher = new RequestBatcher<UpdateCall, Task>({
      maxCalls: MAX_UPDATES_PER_REQUEST,
      sendOne: (call) => this.#sendOne(call),
      sendMany: (calls) => this.#sendMany(calls.map(({ fenced }) => fenced)),
      isForAll,
    });
  }

  /**
   * Sends an update until the server accepts or rejects it, and returns the task. Repeating an update has no effect.
   * Throws the last error if the policy's limits are reached.
   */
  deliver(fenced: FencedUpdate, { policy, ...options }: DeliveryOptions): Promise<Task> {
    const retry = { policy, signal: options.cancellation };
    return withRetry(() => this.send(fenced, options), canRedeliver, retry);
  }

  /** Sends an update once and returns the updated task. Throws the error of this update. */
  send(fenced: FencedUpdate, options: UpdateOptions = {}): Promise<Task> {
    return this.#batcher.send({ fenced, options }, estimateBytes(fenced.update), options.cancellation);
  }

  /** Sends nothing until the promise settles. After a suspension, the worker first checks its leases. */
  pauseUntil(resumed: Promise<void>): void {
    this.#batcher.pauseUntil(resumed);
  }

  async #sendMany(batch: readonly FencedUpdate[]): Promise<(Task | Error)[]> {
    const updates = batch.map(({ id, attempt, update }) => ({ ...update, id, attempt }));
    const request = { params: { worker_id: this.#workerId }, body: { updates } };
    const { results } = (await this.#sendRequest(batch.every(canUseMinimalResponse), request)).body;
    if (results.some(({ id }, index) => id !== batch[index]?.id) || results.length !== batch.length)
      throw new ProtocolError("the server returned the results of other updates", 200);
    return results.map((result, index) => toOutcome(result, batch[index]));
  }

  async #sendOutput(fenced: FencedUpdate): Promise<Task> {
    const [outcome] = await this.#sendMany([fenced]);
    if (outcome === undefined || outcome instanceof Error) throw outcome;
    return outcome;
  }

  async #sendRequest(isMinimal: boolean, request: OperationRequest<Operations["updateTasks"]>) {
    return isMinimal
      ? this.#client.callMinimal("updateTasks", request, { retry: false })
      : this.#client.call("updateTasks", request, { retry: false });
  }

  async #sendOne({ fenced, options: { cancellation, timeoutSeconds } }: UpdateCall): Promise<Task> {
    const { id, attempt, update } = fenced;
    // The response to an update of a single task contains the whole task, whose payload may be large.
    if (update.output !== undefined) return this.#sendOutput(fenced);
    const body = { ...update, worker_id: this.#workerId, attempt };
    const options = { retry: false, signal: cancellation?.signal, timeoutSeconds };
    return (await this.#client.call("updateTask", { params: { task_id: id }, body }, options)).body;
  }
}

/**
 * Returns the approximate size of an update. Does not serialize small updates, because a worker sends
 * thousands per second.
 */
const estimateBytes = ({ result, error, progress, log, output, ...rest }: TaskUpdate): number =>
  (result ?? error ?? progress ?? log ?? output ?? null) === null
    ? 100
    : JSON.stringify({ result, error, progress, log, output, ...rest }).length;

const canUseMinimalResponse = ({ currentTask, update }: FencedUpdate): boolean =>
  currentTask !== undefined &&
  update.progress === undefined &&
  (update.status === "completed" || update.output !== undefined);

type BatchResponse =
  | OperationResponse<Operations["updateTasks"]>
  | MinimalResponse<Operations["updateTasks"]>;
type UpdateResult = BatchResponse["body"]["results"][number];

/** Returns the updated task, or the error of the update. */
const toOutcome = (result: UpdateResult, fenced: FencedUpdate | undefined): Task | Error => {
  if ("task" in result) return result.task;
  if ("problem" in result) return toProblemError(result.problem);
  if (fenced?.currentTask === undefined)
    throw new ProtocolError("the server sent an unexpected minimal response", 200);
  const { status, completed_at } = result;
  return { ...fenced.currentTask, status, completed_at, error: null, result: fenced.update.result ?? null };
};

/**
 * Returns true for an error that is not caused by one of the updates. Each caller then decides whether to
 * retry.
 */
const isForAll = (error: unknown): boolean =>
  isTransient(error) ||
  error instanceof InternalServerError ||
  error instanceof UnauthorizedError ||
  (!(error instanceof ProblemError) && !isProxyRejection(error));

/**
 * Returns true for errors after which the end of a task is sent again: transient errors, a bug of the server,
 * an expired token that may be renewed, and the page of a captive portal.
 */
function canRedeliver(error: unknown): boolean {
  return (
    isTransient(error) ||
    error instanceof InternalServerError ||
    error instanceof UnauthorizedError ||
    (error instanceof ProtocolError && error.status !== 413)
  );
}
