import {
  type AlikeTasks,
  MAX_TASKS_PER_SUBMIT,
  type NamedTaskSubmission,
  type SubmittedTask,
  type TaskSubmission,
} from "../protocol/index.ts";
import type { JoblibClient } from "./client.ts";
import { ProtocolError, UsageError } from "./errors.ts";
import { sideBySide } from "./side-by-side.ts";
import type { Destination, SubmitOptions } from "./submission.ts";

/** One is inserted while the next is read and checked. */
const SUBMITS_IN_FLIGHT = 2;

/** A task to be sent, and where it goes. */
export interface WantedTask {
  readonly destination: Destination;
  readonly submission: TaskSubmission;
}

/** The tasks whole again: what they share was told once, and each payload is known here. */
const whole = ({ common, ids }: AlikeTasks, sent: readonly NamedTaskSubmission[]): SubmittedTask[] => {
  if (ids.length !== sent.length)
    throw new ProtocolError(`${sent.length} tasks were submitted, and ${ids.length} answered`, 202);
  return ids.map((id, index) => ({ ...common, id, payload: sent[index]?.payload ?? {} }));
};

/** Submits tasks to one room: up to 1,000 all or none; of more, each thousand, and two of them travel at a time. */
export const submitMany = async (
  client: JoblibClient,
  wanted: readonly WantedTask[],
  { idempotencyKey, signal }: Pick<SubmitOptions, "idempotencyKey" | "signal">,
): Promise<SubmittedTask[]> => {
  if (idempotencyKey !== undefined) throw new UsageError("an idempotency key is for one task, not for many");
  if (wanted.length === 0) return [];
  const [room_id, other] = new Set(wanted.map(({ destination }) => destination.room_id));
  if (room_id === undefined || other !== undefined) {
    throw new UsageError("tasks that are submitted together go to one room: submit them with { room }");
  }
  const named = wanted.map(({ destination: { job_name }, submission }) => ({ job_name, ...submission }));
  const chunks = Array.from({ length: Math.ceil(named.length / MAX_TASKS_PER_SUBMIT) }, (_, index) =>
    named.slice(index * MAX_TASKS_PER_SUBMIT, (index + 1) * MAX_TASKS_PER_SUBMIT),
  );
  const answers = await sideBySide(chunks, SUBMITS_IN_FLIGHT, async (tasks) => {
    const request = { params: { room_id }, body: { tasks } };
    const { body } = await client.callBriefly("submitTasks", request, { signal });
    return "tasks" in body ? body.tasks : whole(body, tasks);
  });
  return answers.flat();
};
