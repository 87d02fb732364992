import {
  MAX_UPDATES_PER_REQUEST,
  type MinimalResponse,
  type OperationRequest,
  type OperationResponse,
  type Operations,
  type Task,
  type TaskUpdate,
} from "../protocol/index.ts";
import { Batcher } from "./batcher.ts";
import type { JoblibClient } from "./client.ts";
import {
  errorOf,
  InternalServerError,
  MethodNotAllowedError,
  ProblemError,
  ProtocolError,
  RouteNotFoundError,
  UnauthorizedError,
} from "./errors.ts";
import type { LazyAbort } from "./lazy-abort.ts";
import { isTransient } from "./retry.ts";
import { isProxyRejection } from "./task-outcome.ts";

/** One step of one task, by the worker that holds it in that attempt. */
export interface FencedUpdate {
  readonly id: string;
  readonly attempt: number;
  readonly update: TaskUpdate;
  /** The task as it stands before: where it is given, what is left of it after a completion is not asked for again. */
  readonly before?: Task | undefined;
}

/** How long a step's sender waits for it. */
export interface UpdateOptions {
  readonly cancellation?: LazyAbort | undefined;
  readonly timeoutSeconds?: number | undefined;
}

interface Wish {
  readonly step: FencedUpdate;
  readonly options: UpdateOptions;
}

/** One worker's updates: they travel together, and each has its own outcome. */
export class UpdateQueue {
  readonly #client: JoblibClient;
  readonly #workerId: string;
  readonly #batcher: Batcher<Wish, Task>;
  /** An older server does not know of many at once. */
  #isBatchUnsupported = false;

  constructor(client: JoblibClient, workerId: string) {
    this.#client = client;
    this.#workerId = workerId;
    this.#batcher = new Batcher<Wish, Task>({
      maxCalls: MAX_UPDATES_PER_REQUEST,
      sendOne: (wish) => this.#sendOne(wish),
      sendMany: (wishes) => this.#sendMany(wishes.map(({ step }) => step)),
      isForAll: isForAll,
    });
  }

  /** Sends a step once; gives the task as it stands after it. */
  send(step: FencedUpdate, options: UpdateOptions = {}): Promise<Task> {
    const bytes = this.#isBatchUnsupported ? Number.POSITIVE_INFINITY : estimateBytes(step.update);
    return this.#batcher.send({ step, options }, bytes, options.cancellation);
  }

  /** Sends nothing before this has resolved: after a standstill the server is asked first what is still held. */
  pauseUntil(asked: Promise<void>): void {
    this.#batcher.pauseUntil(asked);
  }

  async #sendMany(steps: readonly FencedUpdate[]): Promise<(Task | Error)[]> {
    const updates = steps.map(({ id, attempt, update }) => ({ ...update, id, attempt }));
    const request = { params: { worker_id: this.#workerId }, body: { updates } };
    try {
      const { results } = (await this.#ask(steps.every(canUseMinimalResponse), request)).body;
      if (results.some(({ id }, index) => id !== steps[index]?.id) || results.length !== steps.length)
        throw new ProtocolError("updateTasks answered about other tasks than it was asked", 200);
      return results.map((result, index) => toOutcome(result, steps[index]));
    } catch (error) {
      this.#isBatchUnsupported ||=
        error instanceof RouteNotFoundError || error instanceof MethodNotAllowedError;
      throw error;
    }
  }

  async #ask(isKnown: boolean, request: OperationRequest<Operations["updateTasks"]>) {
    return isKnown
      ? this.#client.callMinimal("updateTasks", request, { retry: false })
      : this.#client.call("updateTasks", request, { retry: false });
  }

  async #sendOne({
    step: { id, attempt, update },
    options: { cancellation: giveUp, timeoutSeconds },
  }: Wish): Promise<Task> {
    const body = { ...update, worker_id: this.#workerId, attempt };
    const options = { retry: false, signal: giveUp?.signal, timeoutSeconds };
    return (await this.#client.call("updateTask", { params: { task_id: id }, body }, options)).body;
  }
}

/** A small update is not written out to be weighed: a thousand a second say nothing but `completed`. */
const estimateBytes = ({ result, error, progress, log, ...rest }: TaskUpdate): number =>
  (result ?? error ?? progress ?? log ?? null) === null
    ? 100
    : JSON.stringify({ result, error, progress, log, ...rest }).length;

const canUseMinimalResponse = ({ before, update }: FencedUpdate): boolean =>
  before !== undefined && update.status === "completed" && update.progress === undefined;

type Answer = OperationResponse<Operations["updateTasks"]> | MinimalResponse<Operations["updateTasks"]>;
type UpdateResult = Answer["body"]["results"][number];

/** The task as it stands after the update, or why it was not made. */
const toOutcome = (result: UpdateResult, step: FencedUpdate | undefined): Task | Error => {
  if ("task" in result) return result.task;
  if ("problem" in result) return errorOf(result.problem);
  if (step?.before === undefined)
    throw new ProtocolError("updateTasks answered less than it was asked for", 200);
  const { status, completed_at } = result;
  return { ...step.before, status, completed_at, error: null, result: step.update.result ?? null };
};

/** True for a failure that says nothing about any one of the updates: each sender tries again as it likes. */
const isForAll = (error: unknown): boolean =>
  isTransient(error) ||
  error instanceof InternalServerError ||
  error instanceof UnauthorizedError ||
  (!(error instanceof ProblemError) && !isProxyRejection(error));
