import type { NewTask } from "../../server/records.ts";
import { SUBMITTED_COLUMNS as COLUMNS, type SubmittedColumn } from "../../server/storage/task-columns.ts";
import { newId } from "./storage-fixture.ts";

/** A task's row as `to_jsonb` returns it. */
export type JsonRow = Readonly<Record<string, unknown>>;

/** Tasks with two different values of a column that a submit sets. */
export interface ColumnValues {
  /** The members of two new tasks that differ in this column. */
  readonly tasks: () => readonly [Partial<NewTask>, Partial<NewTask>];
  /** Returns the value that the row of a new task must have. */
  readonly getStored: (task: NewTask, row: JsonRow) => unknown;
  /**
   * The members of two submits that differ in this column. Missing if a request has one value for
   * all its tasks.
   */
  readonly submits?: readonly [object, object];
  /**
   * True if only the submits of `POST …/submissions` can differ in this column: `POST …/tasks` has
   * one value for all tasks.
   */
  readonly isBatchOnly?: boolean;
}

/** The ids and the names of two jobs. */
interface Jobs {
  readonly ids: readonly [string, string];
  readonly names: readonly [string, string];
}

const TRACES = ["0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319d"].map((id) => ({
  traceparent: `00-${id}-b7ad6b7169203331-01`,
})) as [{ traceparent: string }, { traceparent: string }];
const BACKOFFS = [
  { kind: "fixed", seconds: 1.5, max_seconds: 9, jitter: 0 },
  { kind: "fixed", seconds: 1.5, max_seconds: 8, jitter: 0 },
] as const;
const FUTURE = new Date(Date.now() + 86_400_000).toISOString();

const toMilliseconds = (time: unknown): number => Date.parse(String(time));

/**
 * Returns two values of every column that a submit sets. A new column of `task-columns.ts` needs a
 * line here.
 */
export const createColumnValues = ({
  ids,
  names,
}: Jobs): Readonly<Record<SubmittedColumn, ColumnValues>> => ({
  id: { tasks: () => [{ id: newId() }, { id: newId() }], getStored: ({ id }) => id, submits: [{}, {}] },
  job_id: {
    tasks: () => [{ jobId: ids[0] }, { jobId: ids[1] }],
    getStored: ({ jobId }) => jobId,
    submits: [{ job_name: names[0] }, { job_name: names[1] }],
  },
  room_id: {
    tasks: () => [{ roomId: "lab" }, { roomId: "office" }],
    getStored: ({ roomId }) => roomId,
  },
  payload: {
    tasks: () => [{ payload: { n: 1 } }, { payload: { n: 2, text: "ü" } }],
    getStored: ({ payload }) => payload,
    submits: [{ payload: { n: 1 } }, { payload: { n: 2, text: "ü" } }],
  },
  priority: {
    tasks: () => [{ priority: 3 }, { priority: -4 }],
    getStored: ({ priority }) => priority,
    submits: [{}, { priority: 7 }],
  },
  max_attempts: {
    tasks: () => [{ maxAttempts: 2 }, { maxAttempts: 3 }],
    getStored: ({ maxAttempts }) => maxAttempts,
    submits: [{}, { max_attempts: 3 }],
  },
  backoff: {
    tasks: () => [{ backoff: BACKOFFS[0] }, { backoff: BACKOFFS[1] }],
    getStored: ({ backoff }) => backoff,
    submits: [{ backoff: BACKOFFS[0] }, { backoff: BACKOFFS[1] }],
  },
  timeout_seconds: {
    tasks: () => [{ timeoutSeconds: null }, { timeoutSeconds: 1.25 }],
    getStored: ({ timeoutSeconds }) => timeoutSeconds,
    submits: [{}, { timeout_seconds: 1.25 }],
  },
  run_at: {
    tasks: () => [{ start: { inSeconds: 0 } }, { start: { at: FUTURE } }],
    getStored: ({ start }, { created_at, run_at }) =>
      toMilliseconds(run_at) ===
      ("at" in start ? toMilliseconds(start.at) : toMilliseconds(created_at) + start.inSeconds * 1000)
        ? run_at
        : start,
    submits: [{ run_at: FUTURE }, { delay_seconds: 3600 }],
  },
  created_by_id: {
    tasks: () => [{ createdById: "submitter" }, { createdById: "other" }],
    getStored: ({ createdById }) => createdById,
  },
  trace_context: {
    tasks: () => [{ traceContext: TRACES[0] }, { traceContext: TRACES[1] }],
    getStored: ({ traceContext }) => traceContext ?? null,
    submits: [{ trace_context: TRACES[0] }, { trace_context: TRACES[1] }],
    isBatchOnly: true,
  },
  idempotency_key: {
    tasks: () => [{ idempotency: null }, { idempotency: { key: newId(), requestHash: "hash" } }],
    getStored: ({ idempotency }) => idempotency?.key ?? null,
  },
  request_hash: {
    tasks: () => [
      { idempotency: { key: newId(), requestHash: "one" } },
      { idempotency: { key: newId(), requestHash: "two" } },
    ],
    getStored: ({ idempotency }) => idempotency?.requestHash ?? null,
  },
});

/** The names of the columns that a submit sets. */
export const SUBMITTED_COLUMNS = COLUMNS.map(({ name }) => name);
