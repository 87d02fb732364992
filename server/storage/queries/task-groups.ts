import type { NewTask } from "../storage.ts";

/** Tasks of one request, one after the other, that differ in their ids and payloads alone: what they share is sent once. */
export interface TaskGroup {
  readonly first: NewTask;
  readonly ids: string[];
  readonly payloads: NewTask["payload"][];
}

const isSameStart = (a: NewTask["start"], b: NewTask["start"]): boolean =>
  a === b || ("inSeconds" in a && "inSeconds" in b && a.inSeconds === b.inSeconds);

/** A key stands for one task, so a task with one is a group of its own. */
const belongs = ({ first }: TaskGroup, task: NewTask): boolean =>
  first.idempotency === null &&
  task.idempotency === null &&
  first.jobId === task.jobId &&
  first.jobVersion === task.jobVersion &&
  first.schemaHash === task.schemaHash &&
  first.roomId === task.roomId &&
  first.createdById === task.createdById &&
  first.priority === task.priority &&
  first.maxAttempts === task.maxAttempts &&
  first.timeoutSeconds === task.timeoutSeconds &&
  first.backoff === task.backoff &&
  isSameStart(first.start, task.start);

/** The tasks, in their order, as few groups. */
export const groupsOf = (tasks: readonly NewTask[]): TaskGroup[] => {
  const groups: TaskGroup[] = [];
  for (const task of tasks) {
    const last = groups.at(-1);
    if (last !== undefined && belongs(last, task)) {
      last.ids.push(task.id);
      last.payloads.push(task.payload);
    } else {
      groups.push({ first: task, ids: [task.id], payloads: [task.payload] });
    }
  }
  return groups;
};

const asInput = ({ first, ids, payloads }: TaskGroup) => ({
  id: first.id,
  job_id: first.jobId,
  schema_hash: first.schemaHash,
  job_version: first.jobVersion,
  room_id: first.roomId,
  created_by_id: first.createdById,
  priority: first.priority,
  max_attempts: first.maxAttempts,
  backoff: first.backoff,
  timeout_seconds: first.timeoutSeconds ?? undefined,
  run_at: "at" in first.start ? first.start.at : undefined,
  in_seconds: "inSeconds" in first.start ? first.start.inSeconds : undefined,
  idempotency_key: first.idempotency?.key,
  request_hash: first.idempotency?.requestHash,
  ids,
  payloads,
});

/** One request's groups as `insertTasks` takes them. */
export const groupsText = (groups: readonly TaskGroup[]): string => JSON.stringify(groups.map(asInput));

/** The columns of a group's record. */
export const GROUP_COLUMNS = `id uuid, job_id uuid, schema_hash text, job_version text, room_id text, created_by_id text,
  priority integer, max_attempts integer, backoff jsonb, timeout_seconds float8, run_at timestamptz, in_seconds float8,
  idempotency_key text, request_hash text, ids jsonb, payloads jsonb`;
