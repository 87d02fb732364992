import type { SubmittedTask, Task } from "../../../sdk/index.ts";
import type { Client } from "./client.ts";
import type { Outcome } from "./outcome.ts";

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

/** Retries failed attempts without a delay. */
const NO_BACKOFF = { kind: "fixed", seconds: 0, jitter: 0 } as const;

const buildRequest = (client: Client, { token, job = "Raw", key, payload, options }: Submission) => ({
  operation: "submit" as const,
  name: "submitTask" as const,
  request: {
    params: { room_id: client.room, job_name: `private:faults:${job}` },
    body: { payload: { token, ...payload }, backoff: NO_BACKOFF, ...options },
  },
  input: { token, ...(key === undefined ? {} : { key }) },
  // The SDK would generate a random idempotency key if none were set, so the token is used as the
  // key.
  options: { idempotencyKey: key ?? token },
});

export const submit = (client: Client, submission: Submission): Promise<Outcome<SubmittedTask>> =>
  client.call(buildRequest(client, submission));

/** Submits a task until the outcome is known. The idempotency key prevents duplicates. */
export const submitWithRetry = async (client: Client, submission: Submission): Promise<SubmittedTask> => {
  const outcome = await client.callWithRetry(buildRequest(client, submission));
  if (outcome.outcome === "ok") return outcome.body;
  throw new Error(`a submit failed: ${outcome.problem}`);
};

/**
 * Submits several tasks one after the other, and retries each submit until its outcome is known.
 */
export const submitMany = async (
  client: Client,
  { prefix, count, ...rest }: Omit<Submission, "token"> & { prefix: string; count: number },
): Promise<SubmittedTask[]> => {
  const tasks: SubmittedTask[] = [];
  for (let index = 0; index < count; index += 1) {
    tasks.push(await submitWithRetry(client, { token: `${prefix}-${index}`, ...rest }));
  }
  return tasks;
};

interface AwaitEndOptions {
  /** Duration of the long poll, in seconds. */
  readonly wait?: number;
  /**
   * Maximum time from the end of the task to the response, in milliseconds. If undefined, the time
   * is not checked.
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * The condition under which the time from the end of the task to the response is measured. The
   * results list these times by condition. If undefined, they do not contain this time.
   */
  readonly condition?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Waits for the end of a task with a single request. */
export const awaitEnd = async (
  client: Client,
  task: string,
  { wait = 20, maxDelayMs, condition, signal }: AwaitEndOptions = {},
): Promise<Outcome<Task | null>> =>
  client.call({
    operation: "await",
    name: "readTask",
    request: { params: { task_id: task } },
    input: {
      task,
      ...(maxDelayMs === undefined ? {} : { maxDelayMs }),
      ...(condition === undefined ? {} : { condition }),
    },
    options: { wait, signal },
  });

export const cancel = (client: Client, task: string): Promise<Outcome<Task>> =>
  client.call({
    operation: "cancel",
    name: "updateTask",
    request: { params: { task_id: task }, body: { status: "cancelled" } },
    input: { task },
  });
