import { MAX_TASKS_PER_CLAIM, type Task, type TaskUpdate } from "../protocol/index.ts";
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
import { isTransient } from "./retry.ts";
import { unlessAborted } from "./sleep.ts";

/** One step of one task, by the worker that holds it in that attempt. */
export interface Step {
  readonly id: string;
  readonly attempt: number;
  readonly update: TaskUpdate;
}

/** How long a step's sender waits for it. */
export interface StepOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutSeconds?: number | undefined;
}

interface Waiting {
  readonly step: Step;
  readonly options: StepOptions;
  readonly bytes: number;
  readonly settle: PromiseWithResolvers<Task>;
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
    const bytes = JSON.stringify(step.update).length;
    if (this.#oneByOne || bytes > LARGE_BYTES) return this.#alone(step, options);
    const settle = Promise.withResolvers<Task>();
    this.#waiting.push({ step, options, bytes, settle });
    this.#schedule();
    return options.signal === undefined ? settle.promise : unlessAborted(settle.promise, options.signal);
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
    this.#waiting = this.#waiting.filter(({ options }) => options.signal?.aborted !== true);
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
      members.forEach(({ settle }, index) => {
        const outcome = outcomes[index];
        if (outcome instanceof Error) settle.reject(outcome);
        else if (outcome !== undefined) settle.resolve(outcome);
      });
    } catch (error) {
      if (isOfAll(error)) for (const { settle } of members) settle.reject(error);
      else await this.#eachAlone(members);
    }
  }

  async #together(steps: readonly Step[]): Promise<(Task | Error)[]> {
    const updates = steps.map(({ id, attempt, update }) => ({ ...update, id, attempt }));
    const request = { params: { worker_id: this.#workerId }, body: { updates } };
    try {
      const { results } = (await this.#client.call("updateTasks", request, { retry: false })).body;
      if (results.some(({ id }, index) => id !== steps[index]?.id) || results.length !== steps.length)
        throw new ProtocolError("updateTasks answered about other tasks than it was asked", 200);
      return results.map((result) => ("task" in result ? result.task : errorOf(result.problem)));
    } catch (error) {
      this.#oneByOne ||= error instanceof RouteNotFoundError || error instanceof MethodNotAllowedError;
      throw error;
    }
  }

  async #eachAlone(members: readonly Waiting[]): Promise<void> {
    await Promise.all(
      members.map(({ step, options, settle }) =>
        this.#alone(step, options).then(settle.resolve, settle.reject),
      ),
    );
  }

  async #alone({ id, attempt, update }: Step, { signal, timeoutSeconds }: StepOptions): Promise<Task> {
    await this.#gate;
    const body = { ...update, worker_id: this.#workerId, attempt };
    const request = { params: { task_id: id }, body };
    return (await this.#client.call("updateTask", request, { retry: false, signal, timeoutSeconds })).body;
  }
}

/** True for a failure that says nothing about any one of the updates: each sender tries again as it likes. */
const isOfAll = (error: unknown): boolean =>
  isTransient(error) ||
  error instanceof InternalServerError ||
  error instanceof UnauthorizedError ||
  (!(error instanceof ProblemError) && !(error instanceof ProtocolError && error.status === 413));
