import { type RawBuilder, sql } from "kysely";
import {
  type Fairness,
  JsonObject,
  type JsonValue,
  type TaskStatus,
  type Worker,
} from "../../protocol/index.ts";
import { parseExactJson } from "../../protocol/schema/exact-json.ts";
import { createRawJson } from "../raw-json.ts";
import type { JobRecord, NewTask, RegisteredJob, TaskRecord, WorkerRecord } from "../records.ts";
import type { InsertedRow } from "./queue/statements/insert-tasks.ts";

/** A time in PostgreSQL's text format with `datestyle = ISO` and `timezone = UTC`. */
type TimeText = string;

/**
 * A JSON value as text. Statements cast JSON to text, because a host may replace the parsers of `pg.types`.
 */
type JsonText = string;

/**
 * A task with its job and the user of its worker. Times and JSON are text, so they do not depend on the
 * parsers of the host.
 */
export interface TaskRow {
  id: string;
  job_id: string;
  room_id: string;
  status: TaskStatus;
  payload: JsonText;
  priority: number;
  attempt: number;
  runs: number;
  max_attempts: number;
  backoff: JsonText;
  timeout_seconds: number | null;
  run_at: TimeText;
  created_at: TimeText;
  started_at: TimeText | null;
  completed_at: TimeText | null;
  created_by_id: string;
  worker_id: string | null;
  error: string | null;
  errors: JsonText;
  result: JsonText | null;
  progress: JsonText | null;
  trace_context: JsonText | null;
  version: number;
  job_room_id: string;
  job_category: string;
  job_name: string;
  worker_user_id: string | null;
  last_worker_id: string | null;
  lease_revoked: boolean;
  queue_position: number | null;
}

const TASK_COLUMNS = sql`
  t.id, t.job_id, t.room_id, t.status, t.priority, t.attempt, t.runs, t.max_attempts, t.backoff::text as backoff,
  t.timeout_seconds, t.run_at::text as run_at, t.created_at::text as created_at, t.started_at::text as started_at,
  t.completed_at::text as completed_at, t.created_by_id, t.worker_id, t.error, t.errors::text as errors,
  t.progress::text as progress, t.trace_context::text as trace_context, t.version,
  j.room_id as job_room_id, j.category as job_category, j.name as job_name, w.user_id as worker_user_id,
  coalesce(t.worker_id, t.hold_ended_worker_id) as last_worker_id,
  coalesce(t.status not in ('claimed', 'running') and t.hold_ended_reason <> 'reported', false) as lease_revoked`;

const VALUES = sql`, t.payload::text as payload, t.result::text as result`;

/**
 * Builds `select` and `from` for task rows of a table or CTE with the alias `t`. More columns and clauses may
 * follow.
 */
export const selectTasks = (source: string, more?: RawBuilder<unknown>): RawBuilder<TaskRow> =>
  sql<TaskRow>`${buildSelect(source, more === undefined ? VALUES : sql`${VALUES} ${more}`)}`;

/**
 * Like `selectTasks`, for the CTE of a transition. Adds the index of the call, and omits payloads that
 * are `known`.
 */
export const selectTransitionedTasks = (source: string): RawBuilder<TaskRow> =>
  sql<TaskRow>`${buildSelect(
    source,
    sql`, case when t.is_payload_known then null else t.payload::text end as payload, t.result::text as result,
    t.call_index`,
  )}`;

const buildSelect = (source: string, more: RawBuilder<unknown>) => sql`
  select ${TASK_COLUMNS} ${more}
  from ${sql.table(source)} as t
  join joblib.job as j on j.id = t.job_id
  left join joblib.worker as w on w.id = t.worker_id`;

/** A job with its live workers and its number of pending tasks. */
export interface JobRow {
  id: string;
  room_id: string;
  category: string;
  name: string;
  /** The schema as text, because a parser would round numbers beyond 2^53. */
  schema: string;
  result_schema: string | null;
  schema_hash: string;
  description: string | null;
  defaults: JsonText;
  fairness: Fairness;
  created_at: TimeText;
  /** The transaction that wrote this version of the row (`xmin`). It changes with each update. */
  row_version: string;
  workers: JsonText;
  pending: number;
}

/** A worker without its counts. */
export interface WorkerRow {
  id: string;
  name: string | null;
  user_id: string;
  last_heartbeat: TimeText;
  draining: boolean;
}

/** A worker with its counts, as in a list of workers. */
export interface ListedWorkerRow extends WorkerRow {
  job_count: number;
  task_count: number;
  alive: boolean;
}

const UTC_TEXT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/;

/** Formats a time as RFC 3339 in UTC with milliseconds. */
export const formatTime = (time: TimeText): string => {
  // The text is converted directly, because creating a Date for each time took 10 % of the time of a bulk
  // submit.
  if (UTC_TEXT.test(time)) {
    return `${time.slice(0, 10)}T${time.slice(11, 19)}.${time.slice(20, -3).slice(0, 3).padEnd(3, "0")}Z`;
  }
  // "2026-01-31 12:00:00.123456+00" is not in ISO format, and V8's lenient parser misreads years before 100.
  const iso = time.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
  return new Date(iso).toISOString();
};

/** Formats a time that may be null. */
export const formatTimeOrNull = (time: TimeText | null): string | null =>
  time === null ? null : formatTime(time);

/** Parses a JSON column that may be null. */
const parseOrNull = (text: JsonText | null) => (text === null ? null : JSON.parse(text));

interface TaskValues {
  readonly payload: JsonObject;
  readonly result: JsonValue;
}

const toRecord = (row: Omit<TaskRow, keyof TaskValues>, { payload, result }: TaskValues): TaskRecord => ({
  task: {
    id: row.id,
    room_id: row.room_id,
    status: row.status,
    payload,
    priority: row.priority,
    attempt: row.attempt,
    runs: row.runs,
    max_attempts: row.max_attempts,
    backoff: JSON.parse(row.backoff),
    timeout_seconds: row.timeout_seconds,
    run_at: formatTime(row.run_at),
    created_at: formatTime(row.created_at),
    started_at: formatTimeOrNull(row.started_at),
    completed_at: formatTimeOrNull(row.completed_at),
    created_by_id: row.created_by_id,
    worker_id: row.worker_id,
    error: row.error,
    errors: JSON.parse(row.errors),
    result,
    progress: parseOrNull(row.progress),
    ...(row.trace_context !== null && { trace_context: JSON.parse(row.trace_context) }),
  },
  jobId: row.job_id,
  job: { roomId: row.job_room_id, category: row.job_category, name: row.job_name },
  version: row.version,
  workerUserId: row.worker_user_id,
  lastWorkerId: row.last_worker_id,
  isLeaseRevoked: row.lease_revoked,
  queuePosition: row.queue_position ?? null,
});

export const toTaskRecord = (row: TaskRow): TaskRecord =>
  toRecord(row, { payload: JSON.parse(row.payload), result: parseOrNull(row.result) });

/** Minimum number of characters for JSON to stay text. A shorter text costs less to parse and serialize. */
const MIN_RAW_LENGTH = 2_048;

const toJsonValue = (text: string): JsonValue =>
  text.length < MIN_RAW_LENGTH ? JSON.parse(text) : createRawJson(text);

const isObject = (value: JsonValue): value is JsonObject => typeof value === "object";

/**
 * Converts a task's row; its payload is passed separately as JSON text. Large values stay text: they can be
 * serialized, but not read.
 */
export const toRawTaskRecord = (row: Omit<TaskRow, "payload">, payloadText: string): TaskRecord => {
  const payload = toJsonValue(payloadText);
  if (!isObject(payload)) throw new TypeError("the payload is not an object");
  return toRecord(row, { payload, result: row.result === null ? null : toJsonValue(row.result) });
};

/** Creates the record of an inserted task from its input and the values that the database has set. */
export const toNewTaskRecord = (task: NewTask, row: InsertedRow): TaskRecord => ({
  task: {
    id: task.id,
    room_id: task.roomId,
    status: "pending",
    payload: task.payload,
    priority: task.priority,
    attempt: 0,
    runs: 0,
    max_attempts: task.maxAttempts,
    backoff: task.backoff,
    timeout_seconds: task.timeoutSeconds,
    run_at: formatTime(row.run_at),
    created_at: formatTime(row.created_at),
    started_at: null,
    completed_at: null,
    created_by_id: task.createdById,
    worker_id: null,
    error: null,
    errors: [],
    result: null,
    progress: null,
    ...(task.traceContext && { trace_context: task.traceContext }),
  },
  jobId: task.jobId,
  job: { roomId: row.job_room_id, category: row.job_category, name: row.job_name },
  version: 1,
  workerUserId: null,
  lastWorkerId: null,
  isLeaseRevoked: false,
  queuePosition: null,
});

const parseSchema = (text: string): JsonObject => JsonObject.parse(parseExactJson(text));

/** Converts a job's row without its counts. */
export const toRegisteredJob = (row: Omit<JobRow, "workers" | "pending">): RegisteredJob => ({
  id: row.id,
  roomId: row.room_id,
  category: row.category,
  name: row.name,
  schema: parseSchema(row.schema),
  resultSchema: row.result_schema === null ? null : parseSchema(row.result_schema),
  schemaHash: row.schema_hash,
  description: row.description,
  defaults: JSON.parse(row.defaults),
  fairness: row.fairness,
  createdAt: formatTime(row.created_at),
  rowVersion: row.row_version,
});

/** Converts a job's row with its counts. */
export const toJobRecord = (row: JobRow): JobRecord => ({
  ...toRegisteredJob(row),
  workers: JSON.parse(row.workers),
  pending: row.pending,
});

export const toWorkerRecord = (row: WorkerRow): WorkerRecord => ({
  id: row.id,
  name: row.name,
  userId: row.user_id,
  lastHeartbeat: formatTime(row.last_heartbeat),
  isDraining: row.draining,
});

/** Converts a worker's row with its counts, as in lists. */
export const toListedWorker = (row: ListedWorkerRow): Worker => ({
  id: row.id,
  name: row.name,
  last_heartbeat: formatTime(row.last_heartbeat),
  job_count: row.job_count,
  task_count: row.task_count,
  online: row.alive,
  draining: row.draining,
});
