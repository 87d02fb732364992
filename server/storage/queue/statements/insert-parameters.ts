import { type RawBuilder, sql } from "kysely";
import type { NewTask } from "../../../records.ts";
import {
  hasSameValues,
  type OptionColumn,
  readOptions,
  type SqlType,
  SUBMITTED_COLUMNS,
  type SubmittedColumn,
} from "../../task-columns.ts";

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

/** An idempotency key belongs to one task, so a task with a key is a separate group. */
function canAppend({ first }: TaskGroup, task: NewTask): boolean {
  return first.idempotency === null && hasSameValues(first, task);
}

/** Divides tasks, in their order, into as few groups as possible. */
export function groupTasks(tasks: readonly NewTask[]): TaskGroup[] {
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
}

/** Returns the parameters of a task's insert, apart from its payload. */
function toParameters(task: NewTask): InsertValues {
  return {
    ...readOptions(task),
    id: task.id,
    job_id: task.jobId,
    room_id: task.roomId,
    created_by_id: task.createdById,
    run_at: "at" in task.start ? task.start.at : undefined,
    in_seconds: "inSeconds" in task.start ? task.start.inSeconds : undefined,
    trace_context: task.traceContext,
    idempotency_key: task.idempotency?.key,
    request_hash: task.idempotency?.requestHash,
    schema_hash: task.schemaHash,
    job_version: task.jobVersion,
  };
}

/** A value that an insert receives. */
type InsertParameter = Exclude<SubmittedColumn, "payload"> | "in_seconds" | "schema_hash" | "job_version";

/** The values of the parameters. An option that is not set is missing. */
type InsertValues = Readonly<Record<Exclude<InsertParameter, OptionColumn>, unknown>> & {
  readonly [Name in OptionColumn]?: unknown;
};

/** The parameters of a new task with their types: the columns that are submitted, and the start as a delay. */
const NEW_TASK_PARAMETERS = [...SUBMITTED_COLUMNS, { name: "in_seconds", type: "float8" }] as const;

/** The parameters that are sent once per group. They include the expected version of the job. */
export const INSERT_PARAMETERS: readonly { readonly name: InsertParameter; readonly type: SqlType }[] = [
  ...NEW_TASK_PARAMETERS.flatMap(({ name, type }) => (name === "payload" ? [] : [{ name, type }])),
  { name: "schema_hash", type: "text" },
  { name: "job_version", type: "text" },
];

const PARAMETER_COLUMNS = INSERT_PARAMETERS.map(({ name, type }) => `${name} ${type}`).join(", ");

/** The columns that a submit sets, as a list in SQL. */
export const SUBMITTED_NAMES = sql.raw(SUBMITTED_COLUMNS.map(({ name }) => name).join(", "));

/** The values of the tasks `i`, in the order of `SUBMITTED_NAMES`. */
export const TASK_VALUES = sql.raw(
  SUBMITTED_COLUMNS.map(({ name }) => (name === "run_at" ? "i.starts_at" : `i.${name}`)).join(", "),
);

/**
 * Builds a subquery of a new task, from the values that `listParameters` returns or a placeholder for each of them. They
 * are separate parameters, because the members of a record are parsed one by one.
 */
export function selectNewTask(values: readonly unknown[]): RawBuilder<unknown> {
  const columns = NEW_TASK_PARAMETERS.map(
    ({ name, type }, index) => sql`${values[index]}::${sql.raw(type)} as ${sql.id(name)}`,
  );
  return sql`(
    select v.*, coalesce(v.run_at, now() + make_interval(secs => greatest(v.in_seconds, 0))) as starts_at
    from (select ${sql.join(columns)}) as v)`;
}

/** Returns the values of a new task for `selectNewTask`. `payload` is the JSON of the task's payload. */
export function listParameters(task: NewTask, payload: string): unknown[] {
  const values = toParameters(task);
  return NEW_TASK_PARAMETERS.map(({ name, type }) => {
    const value = name === "payload" ? payload : values[name];
    return type === "jsonb" && value !== null && value !== undefined
      ? JSON.stringify(value)
      : (value ?? null);
  });
}

/**
 * Formats a request's groups for `insertRequests`. The payloads are passed separately, in the same order; `firstIndex` is
 * the index of the request's first payload.
 */
export function formatGroups(groups: readonly TaskGroup[], firstIndex: number): string {
  return JSON.stringify(
    groups.map((group) => ({
      ...toParameters(group.first),
      ids: group.ids,
      first_index: firstIndex + group.firstIndex,
    })),
  );
}

/** The columns of a group's record, as SQL declares them. */
export const GROUP_COLUMNS = `${PARAMETER_COLUMNS}, ids jsonb, first_index integer`;
