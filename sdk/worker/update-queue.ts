import {
  MAX_UPDATES_PER_REQUEST,
  type MinimalResponse,
  type OperationRequest,
  type OperationResponse,
  type Operations,
  type Task,
  type TaskUpdate,
} from "../../protocol/index.ts";
import {
  InternalServerError,
  MethodNotAllowedError,
  ProblemError,
  ProtocolError,
  RouteNotFoundError,
  toProblemError,
  UnauthorizedError,
} from "../errors.ts";
import { Batcher } from "../http/batcher.ts";
import type { JoblibClient } from "../http/client.ts";
import type { LazyAbort } from "../http/lazy-abort.ts";
import { isTransient } from "../http/retry.ts";
import { isProxyRejection } from "./task-outcome.ts";

/** An update of a task by its worker, fenced by `attempt`. */
export interface FencedUpdate {
  readonly id: string;
  readonly attempt: number;
  readonly update: TaskUpdate;
  /** The task before the update. If it is set, a completion can be sent with `Prefer: return=minimal`. */
  readonly currentTask?: Task | undefined;
}

/** Options of `UpdateQueue.send`. */
export interface UpdateOptions {
  readonly cancellation?: LazyAbort | undefined;
  readonly timeoutSeconds?: number | undefined;
}

interface UpdateCall {
  readonly fenced: FencedUpdate;
  readonly options: UpdateOptions;
}

/** Batches the task updates of one worker. Every update has its own outcome. */
export class UpdateQueue {
  readonly #client: JoblibClient;
  readonly #workerId: string;
  readonly #batcher: Batcher<UpdateCall, Task>;
  /** True for an older server, which does not support batches. */
  #isBatchUnsupported = false;

  constructor(client: JoblibClient, workerId: string) {
    this.#client = client;
    this.#workerId = workerId;
    this.#batcher = new Batcher<UpdateCall, Task>({
      maxCalls: MAX_UPDATES_PER_REQUEST,
      sendOne: (call) => this.#sendOne(call),
      sendMany: (calls) => this.#sendMany(calls.map(({ fenced }) => fenced)),
      isForAll,
    });
  }

  /** Sends an update once and returns the updated task. Throws the error of this update. */
  send(fenced: FencedUpdate, options: UpdateOptions = {}): Promise<Task> {
    const bytes = this.#isBatchUnsupported ? Number.POSITIVE_INFINITY : estimateBytes(fenced.update);
    return this.#batcher.send({ fenced, options }, bytes, options.cancellation);
  }

  /** Sends nothing until the promise settles: after a suspension, the worker checks its leases first. */
  pauseUntil(resumed: Promise<void>): void {
    this.#batcher.pauseUntil(resumed);
  }

  async #sendMany(batch: readonly FencedUpdate[]): Promise<(Task | Error)[]> {
    const updates = batch.map(({ id, attempt, update }) => ({ ...update, id, attempt }));
    const request = { params: { worker_id: this.#workerId }, body: { updates } };
    try {
      const { results } = (await this.#sendRequest(batch.every(canUseMinimalResponse), request)).body;
      if (results.some(({ id }, index) => id !== batch[index]?.id) || results.length !== batch.length)
        throw new ProtocolError("the server returned the results of other updates", 200);
      return results.map((result, index) => toOutcome(result, batch[index]));
    } catch (error) {
      this.#isBatchUnsupported ||=
        error instanceof RouteNotFoundError || error instanceof MethodNotAllowedError;
      throw error;
    }
  }

  async #sendRequest(isMinimal: boolean, request: OperationRequest<Operations["updateTasks"]>) {
    return isMinimal
      ? this.#client.callMinimal("updateTasks", request, { retry: false })
      : this.#client.call("updateTasks", request, { retry: false });
  }

  async #sendOne({
    fenced: { id, attempt, update },
    options: { cancellation, timeoutSeconds },
  }: UpdateCall): Promise<Task> {
    const body = { ...update, worker_id: this.#workerId, attempt };
    const options = { retry: false, signal: cancellation?.signal, timeoutSeconds };
    return (await this.#client.call("updateTask", { params: { task_id: id }, body }, options)).body;
  }
}

/** Returns the approximate size of an update. Small updates are not serialized: a worker sends thousands per second. */
const estimateBytes = ({ result, error, progress, log, ...rest }: TaskUpdate): number =>
  (result ?? error ?? progress ?? log ?? null) === null
    ? 100
    : JSON.stringify({ result, error, progress, log, ...rest }).length;

const canUseMinimalResponse = ({ currentTask, update }: FencedUpdate): boolean =>
  currentTask !== undefined && update.status === "completed" && update.progress === undefined;

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

/** Returns true for an error that is not caused by one of the updates: each caller decides about its own retry. */
const isForAll = (error: unknown): boolean =>
  isTransient(error) ||
  error instanceof InternalServerError ||
  error instanceof UnauthorizedError ||
  (!(error instanceof ProblemError) && !isProxyRejection(error));
