import { type RawBuilder, sql } from "kysely";
import { Serialized } from "../raw-json.ts";
import type { ClaimedTaskRecord, NewTask, TaskRecord } from "../records.ts";
import type { InsertedRow } from "./queue/statements/insert-tasks.ts";
import {
  isReadAsText,
  type LargeValues,
  NEW_TASK,
  READ_COLUMNS,
  readOptions,
  type SqlType,
  type StoredTask,
  type TaskValues,
  WIRE_COLUMNS,
} from "./task-columns.ts";

/**
 * A task, the address of its job, and the owner of its worker. Times and JSON are text, because the
 * host application may have replaced the parsers of its PostgreSQL driver.
 */
export interface TaskRow extends TaskValues {
  readonly job_room_id: string;
  readonly job_category: string;
  readonly job_name: string;
  readonly worker_user_id: string | null;
  readonly last_worker_id: string | null;
  readonly lease_revoked: boolean;
  readonly queue_position: number | null;
}

export const selectColumns = (
  alias: "t" | "j",
  columns: readonly { readonly name: string; readonly type: SqlType }[],
): RawBuilder<unknown> =>
  sql.join(
    columns.map(({ name, type }) =>
      sql.raw(isReadAsText(type) ? `${alias}.${name}::text as ${name}` : `${alias}.${name}`),
    ),
  );

const LARGE_COLUMNS = sql`, ${selectColumns(
  "t",
  READ_COLUMNS.filter(({ isLarge }) => isLarge),
)}`;

const SMALL_COLUMNS = sql`
  ${selectColumns(
    "t",
    READ_COLUMNS.filter(({ isLarge }) => !isLarge),
  )},
  j.room_id as job_room_id, j.category as job_category, j.name as job_name, w.user_id as worker_user_id,
  coalesce(t.worker_id, t.ended_lease_worker_id) as last_worker_id,
  coalesce(t.status not in ('claimed', 'running') and t.ended_lease_reason <> 'reported', false) as lease_revoked`;

/**
 * Builds the `select` and `from` clauses that read task rows from a table or CTE with the alias
 * `t`. `more` adds columns, and the caller can append other clauses.
 */
export const selectTasks = (source: string, more = sql``): RawBuilder<TaskRow> => sql<TaskRow>`
  select ${SMALL_COLUMNS} ${LARGE_COLUMNS} ${more}
  from ${sql.table(source)} as t
  join joblib.job as j on j.id = t.job_id
  left join joblib.worker as w on w.id = t.worker_id`;

const UTC_TEXT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/;

/**
 * Converts PostgreSQL's text for a time (`datestyle = ISO`, `timezone = UTC`) to RFC 3339 in UTC
 * with milliseconds.
 */
export const formatTime = (time: string): string => {
  // Cuts the text instead of creating a `Date`, which took 10 % of the time of a bulk submit.
  if (UTC_TEXT.test(time)) {
    return `${time.slice(0, 10)}T${time.slice(11, 19)}.${time.slice(20, -3).slice(0, 3).padEnd(3, "0")}Z`;
  }
  // Converts PostgreSQL's format to ISO 8601 first. Otherwise, V8 uses its lenient parser, which
  // misreads years before 100.
  const iso = time.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
  return new Date(iso).toISOString();
};

const parseText = (type: SqlType, text: string): unknown =>
  type === "timestamptz" ? formatTime(text) : JSON.parse(text);

const toRecord = (row: Omit<TaskRow, keyof LargeValues>, large: LargeValues): TaskRecord => {
  const task: Record<string, unknown> = {};
  for (const { name, type, isOptional } of WIRE_COLUMNS) {
    if (name === "payload" || name === "result") {
      task[name] = large[name];
    } else {
      const value = row[name];
      if (value === null && isOptional === true) continue;
      task[name] = isReadAsText(type) && typeof value === "string" ? parseText(type, value) : value;
    }
  }
  return {
    // The loop has set all members, because they have the same names as the columns.
    task: task as unknown as StoredTask,
    jobId: row.job_id,
    job: { roomId: row.job_room_id, category: row.job_category, name: row.job_name },
    version: row.version,
    workerUserId: row.worker_user_id,
    lastWorkerId: row.last_worker_id,
    isLeaseRevoked: row.lease_revoked,
    queuePosition: row.queue_position ?? null,
  };
};

export const toTaskRecord = (row: TaskRow): TaskRecord =>
  toRecord(row, {
    payload: JSON.parse(row.payload),
    result: row.result === null ? null : JSON.parse(row.result),
  });

/**
 * Minimum length of JSON that stays text, in characters. Shorter JSON is faster to parse and
 * serialize again.
 */
const MIN_RAW_LENGTH = 2_048;

const parseIfShort = (text: string) =>
  text.length < MIN_RAW_LENGTH ? JSON.parse(text) : new Serialized<never>([text]);

/**
 * Converts a row like `toTaskRecord`, but keeps a large payload or result as text, which the server
 * can send but not read.
 */
export const toRawTaskRecord = (row: TaskRow): TaskRecord =>
  toRecord(row, {
    payload: parseIfShort(row.payload),
    result: row.result === null ? null : parseIfShort(row.result),
  });

export const toNewTaskRecord = (task: NewTask, row: InsertedRow): TaskRecord => ({
  task: {
    ...NEW_TASK,
    ...readOptions(task),
    id: task.id,
    room_id: task.roomId,
    payload: task.payload,
    run_at: formatTime(row.run_at),
    created_at: formatTime(row.created_at),
    created_by_id: task.createdById,
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

export function toClaimedTaskRecord(record: TaskRecord): ClaimedTaskRecord {
  const { task } = record;
  return {
    ...record,
    summary: task,
    runAt: task.run_at,
    startedAt: task.started_at,
    toTask: (jobName) => ({ ...task, job_name: jobName, queue_position: null }),
  };
}
