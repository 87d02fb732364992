import type { SubmittedTask, Task } from "../../../sdk/index.ts";
import type { Client } from "./client.ts";
import type { Outcome } from "./outcome.ts";

/** What of a task is not as usual. */
export interface Submission {
  readonly token: string;
  readonly job?: string;
  readonly key?: string;
  readonly payload?: Readonly<Record<string, string | number>>;
  readonly options?: {
    readonly max_attempts?: number;
    readonly priority?: number;
    readonly delay_seconds?: number;
    readonly timeout_seconds?: number;
  };
}

/** Failed attempts are tried again at once. */
const AT_ONCE = { kind: "fixed", seconds: 0, jitter: 0 } as const;

const requestOf = (client: Client, { token, job = "Raw", key, payload, options }: Submission) => ({
  f: "submit" as const,
  name: "submitTask" as const,
  request: {
    params: { room_id: client.room, job_name: `private:faults:${job}` },
    body: { payload: { token, ...payload }, backoff: AT_ONCE, ...options },
  },
  asked: { token, ...(key === undefined ? {} : { key }) },
  // The SDK would make a key of its own; a client without one says so by a key that is the token's.
  options: { idempotencyKey: key ?? token },
});

/** Submits once. */
export const submit = (client: Client, submission: Submission): Promise<Outcome<SubmittedTask>> =>
  client.call(requestOf(client, submission));

/** Submits until it is known whether the task is there: by its key it is there once. */
export const submitSurely = async (client: Client, submission: Submission): Promise<SubmittedTask> => {
  const outcome = await client.persist(requestOf(client, submission));
  if (outcome.outcome === "ok") return outcome.body;
  throw new Error(`a submit came to ${outcome.problem}`);
};

/** Submits many, one after the other, each surely. */
export const submitMany = async (
  client: Client,
  { prefix, count, ...rest }: Omit<Submission, "token"> & { prefix: string; count: number },
): Promise<SubmittedTask[]> => {
  const tasks: SubmittedTask[] = [];
  for (let index = 0; index < count; index += 1) {
    tasks.push(await submitSurely(client, { token: `${prefix}-${index}`, ...rest }));
  }
  return tasks;
};

/** How long to wait for an end, how late the answer may be after it, in ms, and what that is a figure of. */
interface Waiting {
  readonly wait?: number;
  readonly bar?: number | undefined;
  readonly when?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Waits, in one request, for the end of a task. */
export const awaitEnd = async (
  client: Client,
  task: string,
  { wait = 20, bar, when, signal }: Waiting = {},
): Promise<Outcome<Task | null>> =>
  client.call({
    f: "await",
    name: "readTask",
    request: { params: { task_id: task } },
    asked: { task, ...(bar === undefined ? {} : { bar }), ...(when === undefined ? {} : { when }) },
    options: { wait, signal },
  });

/** Cancels, once. */
export const cancel = (client: Client, task: string): Promise<Outcome<Task>> =>
  client.call({
    f: "cancel",
    name: "updateTask",
    request: { params: { task_id: task }, body: { status: "cancelled" } },
    asked: { task },
  });
