import { randomUUID } from "node:crypto";
import {
  MAX_TASKS_PER_SUBMIT,
  type MinimalResponse,
  type OperationResponse,
  type Operations,
  type SubmittedTask,
  type TraceContext,
} from "../protocol/index.ts";
import { Batcher, type Cancellation } from "./batcher.ts";
import { traceSubmit } from "./call-spans.ts";
import type { JoblibClient } from "./client.ts";
import { errorOf, MethodNotAllowedError, ProblemError, ProtocolError, RouteNotFoundError } from "./errors.ts";
import type { SubmitOptions } from "./submission.ts";
import type { AddressedSubmission } from "./submit-many.ts";

interface Wish extends AddressedSubmission {
  /** So that what is sent again, alone or together, is the same task. */
  readonly key: string;
  /** Where its submitter stands in a trace. */
  readonly trace: TraceContext | undefined;
}

/** A signal as what a queue asks of it. */
class SignalCancellation implements Cancellation {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get isAborted(): boolean {
    return this.#signal.aborted;
  }

  get reason(): unknown {
    return this.#signal.reason;
  }

  onAbort(listener: () => void): () => void {
    this.#signal.addEventListener("abort", listener);
    return () => this.#signal.removeEventListener("abort", listener);
  }
}

type Answer = OperationResponse<Operations["submitBatch"]> | MinimalResponse<Operations["submitBatch"]>;

const toOutcomes = ({ body }: Answer, wishes: readonly Wish[]): (SubmittedTask | Error)[] => {
  const { results } = body;
  if (results.length !== wishes.length)
    throw new ProtocolError(`${wishes.length} tasks were submitted, and ${results.length} answered`, 200);
  const common = "common" in body ? body.common : null;
  return results.map((result, index) => {
    if ("task" in result) return result.task;
    if ("problem" in result) return errorOf(result.problem);
    if (common === null) throw new ProtocolError("submitBatch answered less than a task", 200);
    return { ...common, id: result.id, payload: wishes[index]?.submission.payload ?? {} };
  });
};

/**
 * One room's single submits: those that come while a request is on its way travel together in the next. A lone one goes
 * at once, as it would without this, and each has its own outcome.
 */
export class SubmitQueue {
  readonly #client: JoblibClient;
  readonly #roomId: string;
  readonly #batcher: Batcher<Wish, SubmittedTask>;
  /** An older server does not know of many at once. */
  #isBatchUnsupported = false;

  constructor(client: JoblibClient, roomId: string) {
    this.#client = client;
    this.#roomId = roomId;
    this.#batcher = new Batcher<Wish, SubmittedTask>({
      maxCalls: MAX_TASKS_PER_SUBMIT,
      sendOne: (wish, giveUp) => this.#sendOne(wish, giveUp),
      sendMany: (wishes) => this.#sendMany(wishes),
      // What is said of the body may be about one of them alone.
      isForAll: (error) =>
        !(error instanceof ProblemError && [400, 404, 405, 413, 422].includes(error.problem.status)),
    });
  }

  /** Sends a task; the same key gives the same task, and a fresh one is made where none is given. */
  send(wanted: AddressedSubmission, { idempotencyKey, signal }: SubmitOptions): Promise<SubmittedTask> {
    signal?.throwIfAborted();
    const { payload } = wanted.submission;
    const bytes = this.#isBatchUnsupported
      ? Number.POSITIVE_INFINITY
      : 200 + JSON.stringify(payload ?? {}).length;
    const key = idempotencyKey ?? randomUUID();
    const call = { url: this.#client.url, params: wanted.destination };
    return traceSubmit(call, (trace) =>
      this.#batcher.send({ ...wanted, key, trace }, bytes, signal && new SignalCancellation(signal)),
    );
  }

  async #sendMany(wishes: readonly Wish[]): Promise<(SubmittedTask | Error)[]> {
    const submits = wishes.map(({ destination: { job_name }, submission, key: idempotency_key, trace }) => ({
      job_name,
      idempotency_key,
      ...(trace && { trace_context: trace }),
      ...submission,
    }));
    try {
      const request = { params: { room_id: this.#roomId }, body: { submits } };
      return toOutcomes(await this.#client.callMinimal("submitBatch", request), wishes);
    } catch (error) {
      this.#isBatchUnsupported ||=
        error instanceof RouteNotFoundError || error instanceof MethodNotAllowedError;
      throw error;
    }
  }

  async #sendOne(
    { destination, submission, key }: Wish,
    giveUp: Cancellation | undefined,
  ): Promise<SubmittedTask> {
    const request = { params: destination, body: submission };
    const abort = new AbortController();
    const forget = giveUp?.onAbort(() => abort.abort(giveUp.reason));
    try {
      const options = { idempotencyKey: key, signal: abort.signal };
      return (await this.#client.call("submitTask", request, options)).body;
    } finally {
      forget?.();
    }
  }
}
