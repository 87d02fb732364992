import { MAX_TASKS_PER_SUBMIT, type NamedTaskSubmission, type SubmittedTask } from "../protocol/index.ts";
import type { JoblibClient } from "./client.ts";
import { sideBySide } from "./side-by-side.ts";

/** One is inserted while the next is read and checked. */
const SUBMITS_IN_FLIGHT = 2;

/** Submits tasks of one room by the thousand; each thousand is taken all or none. */
export const submitMany = async (
  client: Pick<JoblibClient, "call">,
  {
    room_id,
    tasks,
    signal,
  }: {
    readonly room_id: string;
    readonly tasks: readonly NamedTaskSubmission[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<SubmittedTask[]> => {
  const chunks = Array.from({ length: Math.ceil(tasks.length / MAX_TASKS_PER_SUBMIT) }, (_, index) =>
    tasks.slice(index * MAX_TASKS_PER_SUBMIT, (index + 1) * MAX_TASKS_PER_SUBMIT),
  );
  const answers = await sideBySide(chunks, SUBMITS_IN_FLIGHT, (chunk) =>
    client.call("submitTasks", { params: { room_id }, body: { tasks: chunk } }, { signal }),
  );
  return answers.flatMap(({ body }) => body.tasks);
};
