import {
  MAX_TASKS_PER_SUBMIT,
  type MinimalSubmittedTasks,
  type NamedTaskSubmission,
  type SubmittedTask,
  type TaskSubmission,
} from "../protocol/index.ts";
import type { JoblibClient } from "./client.ts";
import { PayloadTooLargeError, ProtocolError, UsageError } from "./errors.ts";
import { runConcurrently } from "./run-concurrently.ts";
import type { Destination, SubmitOptions } from "./submission.ts";

/** One is inserted while the next is read and checked. */
const SUBMITS_IN_FLIGHT = 2;

/** A task to be sent, and where it goes. */
export interface AddressedSubmission {
  readonly destination: Destination;
  readonly submission: TaskSubmission;
}

/** The tasks whole again: what they share was told once, and each payload is known here. */
const expandTasks = (
  { common, ids }: MinimalSubmittedTasks,
  sent: readonly NamedTaskSubmission[],
): SubmittedTask[] => {
  if (ids.length !== sent.length)
    throw new ProtocolError(`${sent.length} tasks were submitted, and ${ids.length} answered`, 202);
  return ids.map((id, index) => ({ ...common, id, payload: sent[index]?.payload ?? {} }));
};

/** A body weighs so much at most: just under what a server takes unless its `body_limit` says otherwise. */
const MOST_BYTES = 1_000_000;

const splitIntoRequests = (tasks: readonly NamedTaskSubmission[]): NamedTaskSubmission[][] => {
  const parcels: NamedTaskSubmission[][] = [];
  let parcel: NamedTaskSubmission[] = [];
  let bytes = 0;
  for (const task of tasks) {
    const own = Buffer.byteLength(JSON.stringify(task));
    bytes += own;
    if (parcel.length === 0 || parcel.length >= MAX_TASKS_PER_SUBMIT || bytes > MOST_BYTES) {
      parcel = [];
      parcels.push(parcel);
      bytes = own;
    }
    parcel.push(task);
  }
  return parcels;
};

/**
 * Submits tasks to one room, all or none of those that go in one request: up to 1,000, of up to 1 MB together; half of them
 * at a time where a server takes less. Two requests travel at a time.
 */
export const submitMany = async (
  client: JoblibClient,
  wanted: readonly AddressedSubmission[],
  { idempotencyKey, signal }: Pick<SubmitOptions, "idempotencyKey" | "signal">,
): Promise<SubmittedTask[]> => {
  if (idempotencyKey !== undefined) throw new UsageError("an idempotency key is for one task, not for many");
  if (wanted.length === 0) return [];
  const [room_id, other] = new Set(wanted.map(({ destination }) => destination.room_id));
  if (room_id === undefined || other !== undefined) {
    throw new UsageError("tasks that are submitted together go to one room: submit them with { room }");
  }
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
  const named = wanted.map(({ destination: { job_name }, submission }) => ({ job_name, ...submission }));
  return (await runConcurrently(splitIntoRequests(named), SUBMITS_IN_FLIGHT, send)).flat();
};
