import {
  MAX_TASKS_PER_SUBMIT,
  type MinimalSubmittedTasks,
  type NamedTaskSubmission,
  type SubmittedTask,
} from "../../protocol/index.ts";
import { PayloadTooLargeError, ProtocolError, UsageError } from "../errors.ts";
import type { JoblibClient } from "../http/client.ts";
import type { AddressedSubmission, SubmitOptions } from "./submission.ts";

/**
 * Maximum number of concurrent requests. With two, the server validates the tasks of one request
 * while it inserts those of the other.
 */
const MAX_IN_FLIGHT = 2;
/** Maximum size of a request in bytes, slightly less than the server's default `body_limit`. */
const MAX_REQUEST_BYTES = 1_000_000;

/**
 * Submits tasks to one room, in requests of up to 1,000 tasks and 1 MB; each request is atomic. If
 * the server rejects a request because it is too large, sends the tasks in two requests. Throws
 * `UsageError` for an idempotency key, or for tasks of different rooms.
 */
export const submitMany = async (
  client: JoblibClient,
  submissions: readonly AddressedSubmission[],
  { idempotencyKey, signal }: Pick<SubmitOptions, "idempotencyKey" | "signal">,
): Promise<SubmittedTask[]> => {
  if (idempotencyKey !== undefined)
    throw new UsageError(
      "an idempotency key applies to one task only: submit the tasks one by one to use keys",
    );
  const [room_id, other] = new Set(submissions.map(({ destination }) => destination.room_id));
  if (room_id === undefined) return [];
  if (other !== undefined)
    throw new UsageError(
      "tasks that are submitted together must have the same room: pass { room } to submit",
    );
  const send = async (tasks: NamedTaskSubmission[]): Promise<SubmittedTask[]> => {
    try {
      const request = { params: { room_id }, body: { tasks } };
      const { body } = await client.callMinimal("submitTasks", request, { signal });
      return "tasks" in body ? body.tasks : expandTasks(body, tasks);
    } catch (error) {
      if (!(error instanceof PayloadTooLargeError) || tasks.length === 1) throw error;
      const half = Math.ceil(tasks.length / 2);
      return [...(await send(tasks.slice(0, half))), ...(await send(tasks.slice(half)))];
    }
  };
  const requests = splitIntoRequests(submissions);
  const responses: SubmittedTask[][] = [];
  let count = 0;
  const sendRequests = async () => {
    for (const tasks of requests) {
      const index = count++;
      responses[index] = await send(tasks);
    }
  };
  // The loops share the generator. A failed request ends its loop, which closes the generator, so
  // that the other loop sends no further request.
  const sending = Array.from({ length: MAX_IN_FLIGHT }, sendRequests);
  await Promise.allSettled(sending);
  await Promise.all(sending);
  return responses.flat();
};

/** Splits submissions into requests of limited size, and yields the tasks of each request. */
function* splitIntoRequests(submissions: readonly AddressedSubmission[]): Generator<NamedTaskSubmission[]> {
  let request: NamedTaskSubmission[] = [];
  let bytes = 0;
  for (const { destination, submission } of submissions) {
    const task = { job_name: destination.job_name, ...submission };
    const taskBytes = Buffer.byteLength(JSON.stringify(task));
    const isFull = request.length >= MAX_TASKS_PER_SUBMIT || bytes + taskBytes > MAX_REQUEST_BYTES;
    if (isFull && request.length > 0) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(task);
    bytes += taskBytes;
  }
  yield request;
}

/**
 * Converts a minimal response to full tasks. A minimal response contains the common members of the
 * tasks only once, and no payloads.
 */
const expandTasks = (
  { common, ids }: MinimalSubmittedTasks,
  sent: readonly NamedTaskSubmission[],
): SubmittedTask[] => {
  if (ids.length !== sent.length)
    throw new ProtocolError(`the server returned ${ids.length} tasks for ${sent.length} submits`, 202);
  return ids.map((id, index) => ({ ...common, id, payload: sent[index]?.payload ?? {} }));
};
