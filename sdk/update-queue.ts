import {
  MAX_TASKS_PER_CLAIM,
  type MinimalAnswer,
  type OperationAnswer,
  type OperationRequest,
  type Operations,
  type Task,
  type TaskUpdate,
} from "../protocol/index.ts";
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

/** One step of one task, by the worker that holds it in that attempt. */
export interface Step {
  readonly id: string;
  readonly attempt: number;
  readonly update: TaskUpdate;
  /** The task as it stands before: where it is given, what is left of it after a completion is not asked for again. */
  readonly before?: Task | undefined;
}

/** How long a step's sender waits for it. */
export interface StepOptions {
  readonly giveUp?: LazyAbort | undefined;
  readonly timeoutSeconds?: number | undefined;
}

interface Waiting {
  readonly step: Step;
  readonly options: StepOptions;
  readonly bytes: number;
  readonly settle: PromiseWithResolvers<Task>;
  /** Its sender does not listen any more; called once it is settled. */
  readonly forget: (() => void) | undefined;
}

/** A result of that size takes its own way: the small ones would wait for it. */
const LARGE_BYTES = 32 * 1024;
/** Half of the body that a server takes unless it was told otherwise. */
const MOST_BYTES = 512 * 1024;
/** Requests that are full may go side by side; what is not waits for the one on its way, and grows. */
const MOST_IN_FLIGHT = 2;

/**
 * One worker's updates: those that come while a request is on its way travel together in the next one. There is no
 * timer, a lone update goes at once, and each has its own outcome.
 */
export class UpdateQueue {
  readonly #client: JoblibClient;
  readonly #workerId: string;
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #isScheduled = false;
  /** An older server does not know of many at once. */
  #oneByOne = false;
  /** Nothing is sent before. */
  #gate: Promise<void> | undefined;

  constructor(client: JoblibClient, workerId: string) {
    this.#client = client;
    this.#workerId = workerId;
  }

  /** Sends a step once; gives the task as it stands after it. */
  send(step: Step, options: StepOptions = {}): Promise<Task> {
    const bytes = bytesOf(step.update);
    if (this.#oneByOne || bytes > LARGE_BYTES) return this.#alone(step, options);
    const { giveUp } = options;
    const settle = Promise.withResolvers<Task>();
    const forget = giveUp?.onAbort(() => settle.reject(giveUp.reason));
    this.#waiting.push({ step, options, bytes, settle, forget });
    this.#schedule();
    return settle.promise;
  }

  /** Sends nothing before this has resolved: after a standstill the server is asked first what is still held. */
  holdUntil(asked: Promise<void>): void {
    const gate = asked.finally(() => {
      if (this.#gate === gate) this.#gate = undefined;
      this.#schedule();
    });
    this.#gate = gate;
  }

  /** In the same turn of the event loop, together with what else that turn brings. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#gate !== undefined) return;
    this.#waiting = this.#waiting.filter(({ options }) => options.giveUp?.isAborted !== true);
    while (
      this.#waiting.length > 0 &&
      (this.#inFlight === 0 ||
        (this.#waiting.length >= MAX_TASKS_PER_CLAIM && this.#inFlight < MOST_IN_FLIGHT))
    ) {
      this.#inFlight += 1;
      void this.#deliver(this.#take()).finally(() => {
        this.#inFlight -= 1;
        this.#schedule();
      });
    }
  }

  #take(): Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((one, index) => {
      bytes += one.bytes;
      return index > 0 && (index >= MAX_TASKS_PER_CLAIM || bytes > MOST_BYTES);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #deliver(members: readonly Waiting[]): Promise<void> {
    if (members.length === 1) return this.#eachAlone(members);
    try {
      const outcomes = await this.#together(members.map(({ step }) => step));
      members.forEach((member, index) => {
        const outcome = outcomes[index];
        if (outcome !== undefined) settleOne(member, outcome);
      });
    } catch (error) {
      if (isOfAll(error)) for (const member of members) settleOne(member, error);
      else await this.#eachAlone(members);
    }
  }

  async #together(steps: readonly Step[]): Promise<(Task | Error)[]> {
    const updates = steps.map(({ id, attempt, update }) => ({ ...update, id, attempt }));
    const request = { params: { worker_id: this.#workerId }, body: { updates } };
    try {
      const { results } = (await this.#ask(steps.every(isKnownCompletion), request)).body;
      if (results.some(({ id }, index) => id !== steps[index]?.id) || results.length !== steps.length)
        throw new ProtocolError("updateTasks answered about other tasks than it was asked", 200);
      return results.map((result, index) => outcomeOf(result, steps[index]));
    } catch (error) {
      this.#oneByOne ||= error instanceof RouteNotFoundError || error instanceof MethodNotAllowedError;
      throw error;
    }
  }

  async #ask(isKnown: boolean, request: OperationRequest<Operations["updateTasks"]>) {
    return isKnown
      ? this.#client.callBriefly("updateTasks", request, { retry: false })
      : this.#client.call("updateTasks", request, { retry: false });
  }

  async #eachAlone(members: readonly Waiting[]): Promise<void> {
    await Promise.all(
      members.map((member) =>
        this.#alone(member.step, member.options).then(
          (task) => settleOne(member, task),
          (error: unknown) => settleOne(member, error),
        ),
      ),
    );
  }

  async #alone({ id, attempt, update }: Step, { giveUp, timeoutSeconds }: StepOptions): Promise<Task> {
    await this.#gate;
    const signal = giveUp?.signal;
    const body = { ...update, worker_id: this.#workerId, attempt };
    const request = { params: { task_id: id }, body };
    return (await this.#client.call("updateTask", request, { retry: false, signal, timeoutSeconds })).body;
  }
}

/** A small update is not written out to be weighed: a thousand a second say nothing but `completed`. */
const bytesOf = ({ result, error, progress, log, ...rest }: TaskUpdate): number =>
  (result ?? error ?? progress ?? log ?? null) === null
    ? 100
    : JSON.stringify({ result, error, progress, log, ...rest }).length;

const isTask = (outcome: unknown): outcome is Task =>
  typeof outcome === "object" && outcome !== null && !(outcome instanceof Error);

const settleOne = ({ settle, forget }: Waiting, outcome: unknown): void => {
  forget?.();
  if (isTask(outcome)) settle.resolve(outcome);
  else settle.reject(outcome);
};

const isKnownCompletion = ({ before, update }: Step): boolean =>
  before !== undefined && update.status === "completed" && update.progress === undefined;

type Answer = OperationAnswer<Operations["updateTasks"]> | MinimalAnswer<Operations["updateTasks"]>;
type UpdateResult = Answer["body"]["results"][number];

/** The task as it stands after the update, or why it was not made. */
const outcomeOf = (result: UpdateResult, step: Step | undefined): Task | Error => {
  if ("task" in result) return result.task;
  if ("problem" in result) return errorOf(result.problem);
  if (step?.before === undefined)
    throw new ProtocolError("updateTasks answered less than it was asked for", 200);
  const { status, completed_at } = result;
  return { ...step.before, status, completed_at, error: null, result: step.update.result ?? null };
};

/** True for a failure that says nothing about any one of the updates: each sender tries again as it likes. */
const isOfAll = (error: unknown): boolean =>
  isTransient(error) ||
  error instanceof InternalServerError ||
  error instanceof UnauthorizedError ||
  (!(error instanceof ProblemError) && !(error instanceof ProtocolError && error.status === 413));
