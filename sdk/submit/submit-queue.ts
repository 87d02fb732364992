import { randomUUID } from "node:crypto";
import {
  MAX_TASKS_PER_SUBMIT,
  type MinimalResponse,
  type OperationResponse,
  type Operations,
  type SubmittedTask,
  type TraceContext,
} from "../../protocol/index.ts";
import { ProblemError, ProtocolError } from "../errors.ts";
import { traceCall } from "../http/call-spans.ts";
import type { JoblibClient } from "../http/client.ts";
import { RequestBatcher } from "../http/request-batcher.ts";
import { toProblemError } from "../problem-errors.ts";
import type { AddressedSubmission, SubmitOptions } from "./submission.ts";

interface SubmitCall extends AddressedSubmission {
  /**
   * The idempotency key. A call that is sent again individually after its batch failed has the same
   * key.
   */
  readonly key: string;
  /** The trace context of the submitter. */
  readonly trace: TraceContext | undefined;
  readonly signal: AbortSignal | undefined;
}

type BatchResponse =
  | OperationResponse<Operations["submitBatch"]>
  | MinimalResponse<Operations["submitBatch"]>;

const toOutcomes = ({ body }: BatchResponse, calls: readonly SubmitCall[]): (SubmittedTask | Error)[] => {
  const { results } = body;
  if (results.length !== calls.length)
    throw new ProtocolError(`the server returned ${results.length} results for ${calls.length} submits`, 200);
  const common = "common" in body ? body.common : null;
  return results.map((result, index) => {
    if ("task" in result) return result.task;
    if ("problem" in result) return toProblemError(result.problem);
    if (common === null)
      throw new ProtocolError("the server returned a task without its common members", 200);
    return { ...common, id: result.id, payload: calls[index]?.submission.payload ?? {} };
  });
};

/**
 * Combines submits of single tasks to the same room into batches. Every submit has its own outcome.
 */
export class SubmitQueue {
  readonly #client: JoblibClient;
  readonly #batcher: RequestBatcher<SubmitCall, SubmittedTask>;

  constructor(client: JoblibClient) {
    this.#client = client;
    this.#batcher = new RequestBatcher<SubmitCall, SubmittedTask>({
      maxCalls: MAX_TASKS_PER_SUBMIT,
      sendOne: (call) => this.#sendOne(call),
      sendMany: (calls) => this.#sendMany(calls),
      getLane: ({ destination }) => destination.room_id,
      // A single call may have caused an error with one of these statuses. The calls are then sent
      // again individually, so that only the faulty call fails.
      failsWholeBatch: (error) =>
        !(error instanceof ProblemError && [400, 404, 405, 413, 422].includes(error.problem.status)),
    });
  }

  /** Submits a task and returns it. Uses a random idempotency key if none is given. */
  send(addressed: AddressedSubmission, { idempotencyKey, signal }: SubmitOptions): Promise<SubmittedTask> {
    signal?.throwIfAborted();
    const bytes = 200 + JSON.stringify(addressed.submission.payload ?? {}).length;
    const key = idempotencyKey ?? randomUUID();
    return traceCall(
      { name: "submitTask", url: this.#client.url, params: addressed.destination },
      (trace) => this.#batcher.send({ ...addressed, key, trace, signal }, bytes, signal),
      ({ id }) => id,
    );
  }

  async #sendMany(calls: readonly SubmitCall[]): Promise<(SubmittedTask | Error)[]> {
    const submissions = calls.map(({ destination, submission, key, trace }) => ({
      job_name: destination.job_name,
      idempotency_key: key,
      ...(trace && { trace_context: trace }),
      ...submission,
    }));
    const room_id = calls[0]?.destination.room_id ?? "";
    const request = { params: { room_id }, body: { submissions } };
    return toOutcomes(await this.#client.callMinimal("submitBatch", request), calls);
  }

  async #sendOne({ destination, submission, key, signal }: SubmitCall): Promise<SubmittedTask> {
    const request = { params: destination, body: submission };
    return (await this.#client.call("submitTask", request, { idempotencyKey: key, signal })).body;
  }
}
