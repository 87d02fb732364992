import { sql } from "kysely";
import { getOrigins } from "../../../../protocol/index.ts";
import type { Completion, Transition } from "../../../records.ts";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatArray, toJsonText } from "../../sql/statement.ts";
import { touchWorkers } from "./heartbeat.ts";
import { setTransition } from "./transition-values.ts";

type StatusChange = Omit<Transition, "to">;

/** A changed task, and the index of the change in the caller's list. */
export type ChangedTaskRow = TaskRow & { call_index: number };

/**
 * The part of a completed task that a minimal response contains, and the index of the completion in
 * the caller's list.
 */
export interface CompletedTaskRow {
  call_index: number;
  room_id: string;
  job_id: string;
  completed_at: string;
  ran_seconds: number;
}

interface Column {
  readonly name: string;
  readonly type: "integer" | "uuid" | "boolean" | "text";
  read(change: StatusChange, index: number): string | number | boolean | null | undefined;
}

/** The values that the statement receives for a completion with a minimal response. */
const COMPLETION_COLUMNS: readonly Column[] = [
  { name: "call_index", type: "integer", read: (_, index) => index },
  { name: "id", type: "uuid", read: ({ id }) => id },
  { name: "worker_id", type: "uuid", read: ({ workerId }) => workerId },
  { name: "attempt", type: "integer", read: ({ attempt }) => attempt },
  { name: "result", type: "text", read: ({ result }) => toJsonText(result) },
];

const ALL_COLUMNS: readonly Column[] = [
  ...COMPLETION_COLUMNS,
  { name: "error", type: "text", read: ({ error }) => error },
  { name: "progress", type: "text", read: ({ progress }) => progress && JSON.stringify(progress) },
  {
    name: "only_without_result_schema",
    type: "boolean",
    read: (change) => change.onlyWithoutResultSchema === true,
  },
];

/** The rows that the statement returns: whole tasks, or only the values of a minimal response. */
type ReturnedRows = "tasks" | "completions";

/**
 * Defines a statement that changes the status of many tasks. It skips a change if the task's
 * status, worker or attempt is not as expected. A task may be listed only once. The tasks are
 * listed in the order of their ids, so that two servers that update the same tasks do not deadlock.
 *
 * The changes are passed as one array per column, because PostgreSQL parses the members of JSON
 * records one by one. If no task matches, a call takes 40 µs with the columns of a minimal
 * response, without a heartbeat, and without a CTE around the update. It took 120 µs with records
 * and whole tasks.
 *
 * A result that was not validated is stored only if the job has no result schema.
 */
function defineChange<Row>(to: Transition["to"], returned: ReturnedRows, touchesWorkers = true) {
  type Values = [touchedWorkers: string, ...columns: string[]];
  const columns = returned === "tasks" ? ALL_COLUMNS : COMPLETION_COLUMNS;
  const origins = sql.join(getOrigins(to).map((status) => sql.lit(status)));
  const values = {
    error: sql`s.error`,
    result: sql`s.result::json`,
    progress: returned === "tasks" ? sql`s.progress::jsonb` : undefined,
    // Without a worker id, the transition was requested by a user, so the worker does not know that
    // its lease has ended.
    leaseEnd: sql`case when s.worker_id is null then 'lost' else 'reported' end`,
  };
  return defineStatement<Row, Values>((touchedWorkers, ...arrays) => {
    const lists = columns.map(({ type }, index) =>
      type === "text"
        ? sql`json_array_elements_text(${arrays[index]}::json)`
        : sql`unnest(${arrays[index]}::${sql.raw(type)}[])`,
    );
    const isValid = sql`(${returned === "tasks" ? sql`not s.only_without_result_schema or` : sql``}
      exists (
        select 1 from joblib.job as j where j.id = t.job_id and j.result_schema is null))`;
    const fence =
      returned === "tasks"
        ? sql`(s.worker_id is null or t.worker_id = s.worker_id) and (s.attempt is null or t.attempt = s.attempt)`
        : sql`t.worker_id = s.worker_id and t.attempt = s.attempt`;
    const update = sql`
      update joblib.task as t set ${setTransition(to, values)}
      from changes as s
      -- With a plain t.status, the planner would read the index of all leased tasks.
      where t.id = s.id and coalesce(t.status, '') in (${origins})
        and ${fence}
        ${to === "completed" ? sql`and ${isValid}` : sql``}`;
    return sql<Row>`
    with changes as materialized (
      select s.* from rows from (${sql.join(lists)}) as s(${sql.raw(columns.map(({ name }) => name).join(", "))})
      -- Always true. Because of this equality, the planner estimates one row, and looks up each task
      -- by its id.
      where s.call_index % 1 = 0
    )
    ${touchesWorkers ? sql`, ${touchWorkers(touchedWorkers)}` : sql``}
    ${
      returned === "tasks"
        ? sql`, updated as (${update} returning t.*, s.call_index)
          ${selectTasks("updated", sql`, t.call_index`)}`
        : sql`${update}
          returning s.call_index, t.room_id, t.job_id, t.completed_at::text as completed_at,
            date_part('epoch', t.completed_at - t.started_at) as ran_seconds`
    }`;
  });
}

const CHANGE_STATEMENTS = {
  running: defineChange<ChangedTaskRow>("running", "tasks"),
  completed: defineChange<ChangedTaskRow>("completed", "tasks"),
  failed: defineChange<ChangedTaskRow>("failed", "tasks"),
  cancelled: defineChange<ChangedTaskRow>("cancelled", "tasks"),
} satisfies Record<Transition["to"], unknown>;

const COMPLETION_STATEMENTS = {
  withoutHeartbeat: defineChange<CompletedTaskRow>("completed", "completions", false),
  withHeartbeat: defineChange<CompletedTaskRow>("completed", "completions"),
};

/**
 * Formats a column of the changes. If all values of a text column are null, returns an empty list,
 * because the statement reads missing elements as null.
 */
function formatColumn({ type, read }: Column, changes: readonly [StatusChange, number][]): string {
  const values = changes.map(([change, index]) => read(change, index) ?? null);
  if (type !== "text") return formatArray(values.map(String));
  return values.some((value) => value !== null) ? JSON.stringify(values) : "[]";
}

function formatColumns(columns: readonly Column[], changes: readonly StatusChange[]): [string, ...string[]] {
  const sorted = changes
    .map((change, index): [StatusChange, number] => [{ ...change, id: change.id.toLowerCase() }, index])
    .sort(([a], [b]) => (a.id < b.id ? -1 : 1));
  return [
    formatArray(new Set(changes.flatMap(({ workerId }) => workerId ?? []))),
    ...columns.map((column) => formatColumn(column, sorted)),
  ];
}

/**
 * Changes the status of tasks and returns the changed tasks. Skips a change if the task's status,
 * worker or attempt is not as expected.
 */
export const changeStatuses = (
  db: Sql,
  to: Transition["to"],
  changes: readonly StatusChange[],
): Promise<ChangedTaskRow[]> => CHANGE_STATEMENTS[to](db, ...formatColumns(ALL_COLUMNS, changes));

/**
 * Completes tasks like `changeStatuses`, with results that were not validated. Returns only what a
 * minimal response contains.
 */
export const storeCompletions = (
  db: Sql,
  completions: readonly Completion[],
  touchesWorkers: boolean,
): Promise<CompletedTaskRow[]> =>
  COMPLETION_STATEMENTS[touchesWorkers ? "withHeartbeat" : "withoutHeartbeat"](
    db,
    ...formatColumns(COMPLETION_COLUMNS, completions),
  );
