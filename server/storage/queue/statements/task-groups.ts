import type { NewTask } from "../../../records.ts";

/**
 * Consecutive tasks of a request that differ only in their ids and payloads. Their common properties are sent
 * once.
 */
export interface TaskGroup {
  readonly first: NewTask;
  readonly ids: string[];
  /** The payloads as JSON. */
  readonly payloads: string[];
  /** Index of the group's first task in the request. */
  readonly firstIndex: number;
}

const isSameStart = (a: NewTask["start"], b: NewTask["start"]): boolean =>
  a === b || ("inSeconds" in a && "inSeconds" in b && a.inSeconds === b.inSeconds);

/** A task with an idempotency key is a separate group, because the key belongs to one task. */
const canAppend = ({ first }: TaskGroup, task: NewTask): boolean =>
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
  first.traceContext === task.traceContext &&
  isSameStart(first.start, task.start);

/** Divides tasks into as few groups as possible, without changing their order. */
export const groupTasks = (tasks: readonly NewTask[]): TaskGroup[] => {
  const groups: TaskGroup[] = [];
  tasks.forEach((task, index) => {
    const last = groups.at(-1);
    const payload = JSON.stringify(task.payload);
    if (last !== undefined && canAppend(last, task)) {
      last.ids.push(task.id);
      last.payloads.push(payload);
    } else {
      groups.push({ first: task, ids: [task.id], payloads: [payload], firstIndex: index });
    }
  });
  return groups;
};

const toRecord = ({ first, ids, firstIndex }: TaskGroup) => ({
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
  trace_context: first.traceContext,
  ids,
  first_index: firstIndex,
});

/**
 * Formats the groups of a request for `insertTasks`. The payloads are passed as a separate parameter, in the
 * same order.
 */
export const formatGroups = (groups: readonly TaskGroup[]): string => JSON.stringify(groups.map(toRecord));

/** The columns of a group's record, with their SQL types. */
export const GROUP_COLUMNS = `id uuid, job_id uuid, schema_hash text, job_version text, room_id text, created_by_id text,
  priority integer, max_attempts integer, backoff jsonb, timeout_seconds float8, run_at timestamptz, in_seconds float8,
  idempotency_key text, request_hash text, trace_context jsonb, ids jsonb, first_index integer`;
