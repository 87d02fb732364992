import { isDeepStrictEqual } from "node:util";
import type { InferEntity } from "@mikro-orm/core";
import type { JsonObject, JsonValue, SubmittedTask, Task } from "../../protocol/index.ts";
import type { Serialized } from "../raw-json.ts";
import type { TaskEntity } from "./entities.ts";

/**
 * The SQL types of columns, and the types of their values in rows. Times and JSON are read as text,
 * because the host application may have replaced the parsers of its PostgreSQL driver.
 */
export interface SqlTypes {
  readonly uuid: string;
  readonly text: string;
  readonly integer: number;
  readonly bigint: string;
  readonly float8: number;
  readonly boolean: boolean;
  readonly timestamptz: string;
  readonly json: string;
  readonly jsonb: string;
}

export type SqlType = keyof SqlTypes;

/** Converts the name of an entity's property to the name of its column. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : "";

export type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

export function toProperty<Name extends string>(name: Name): CamelCase<Name> {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as CamelCase<Name>;
}

/** Returns true for the types that statements cast to text, and that joblib parses itself. */
export function isReadAsText(type: SqlType): boolean {
  return type === "json" || type === "jsonb" || type === "timestamptz";
}

/**
 * The members of a task that may be large. Their JSON may pass from the database to the response as
 * text, without being parsed.
 */
export interface LargeValues {
  readonly payload: JsonObject | Serialized<JsonObject>;
  readonly result: JsonValue | Serialized<JsonValue>;
}

/**
 * A task without the members that are computed for a response: `job_name` depends on a setting, and
 * `queue_position` on other tasks.
 */
export type StoredTask = Omit<Task, "job_name" | "queue_position" | keyof LargeValues> & LargeValues;

/** A column of the table `task`. If responses contain it, the member has the same name. */
export interface TaskColumn {
  readonly type: SqlType;
  readonly isNullable?: true;
  /**
   * The source of the value. `option`: a member of the submit request, or a default of the job.
   * `request`: any other part of the submit request. `database`: the insert statement. `step`: a
   * later statement, such as a claim.
   */
  readonly setBy: "option" | "request" | "database" | "step";
  /**
   * Set if every statement that reads a task selects the column. `wire`: responses contain the
   * value. `record`: only the server uses it.
   */
  readonly read?: "wire" | "record";
  /** True if responses omit the member instead of sending null. */
  readonly isOptional?: true;
  /** True for the members of `LargeValues`. */
  readonly isLarge?: true;
  /** The value in a new task, for a `step` column that is not nullable. */
  readonly initial?: string | number | readonly [];
  /**
   * Consecutive tasks of a submit with equal values form a group, and the statement receives each
   * value once per group. `each`: the tasks of a group may have different values. `never`: a task
   * that has a value is the only one of its group.
   */
  readonly sharing?: "each" | "never";
  /**
   * Effect of the column when a request repeats an idempotency key. By default, another value is a
   * conflict. `scope`: tasks with other values are unrelated, because the column is part of the
   * key. `ignored`: the values may differ.
   */
  readonly replay?: "scope" | "ignored";
  /**
   * Set if the claim statement does not return the value of each task. `null`: it is always null
   * after a claim. `per-claim`: all tasks that a worker claims at once have the same value, which
   * the statement returns once per worker. `unless-expected`: the statement returns null instead of
   * the value in `EXPECTED_VALUES`.
   */
  readonly claim?: "null" | "per-claim" | "unless-expected";
}

export type WireTask = StoredTask & Pick<Task, "job_name" | "queue_position">;

/** A task in the response to its submit. */
export type SubmittedWireTask = WireTask & Pick<SubmittedTask, "workers_online">;

export type CommonMembers = Omit<SubmittedWireTask, "id" | "payload">;

type EntityColumn = SnakeCase<Extract<keyof InferEntity<typeof TaskEntity>, string>>;

/**
 * Requires an entry for each column of the entity, with `read: "wire"` for exactly the members of
 * `StoredTask`.
 */
type AllColumns = {
  readonly [Name in EntityColumn]: TaskColumn &
    (Name extends keyof StoredTask ? { readonly read: "wire" } : { readonly read?: "record" });
};

/** The columns of a task, in the order of the members in responses. */
export const TASK_COLUMNS = {
  id: { type: "uuid", setBy: "request", read: "wire", sharing: "each", replay: "ignored" },
  job_id: { type: "uuid", setBy: "request", read: "record" },
  room_id: { type: "text", setBy: "request", read: "wire", replay: "scope" },
  status: { type: "text", setBy: "step", read: "wire", initial: "pending", claim: "per-claim" },
  payload: { type: "json", setBy: "request", read: "wire", sharing: "each", isLarge: true },
  priority: { type: "integer", setBy: "option", read: "wire" },
  attempt: { type: "integer", setBy: "step", read: "wire", initial: 0 },
  runs: { type: "integer", setBy: "step", read: "wire", initial: 0 },
  max_attempts: { type: "integer", setBy: "option", read: "wire" },
  backoff: { type: "jsonb", setBy: "option", read: "wire", claim: "unless-expected" },
  timeout_seconds: { type: "float8", isNullable: true, setBy: "option", read: "wire" },
  run_at: { type: "timestamptz", setBy: "request", read: "wire", claim: "unless-expected" },
  created_at: { type: "timestamptz", setBy: "database", read: "wire" },
  started_at: { type: "timestamptz", isNullable: true, setBy: "step", read: "wire", claim: "per-claim" },
  completed_at: { type: "timestamptz", isNullable: true, setBy: "step", read: "wire", claim: "null" },
  created_by_id: { type: "text", setBy: "request", read: "wire", replay: "scope" },
  worker_id: { type: "uuid", isNullable: true, setBy: "step", read: "wire", claim: "per-claim" },
  error: { type: "text", isNullable: true, setBy: "step", read: "wire", claim: "null" },
  errors: { type: "jsonb", setBy: "step", read: "wire", initial: [], claim: "unless-expected" },
  result: { type: "json", isNullable: true, setBy: "step", read: "wire", isLarge: true, claim: "null" },
  progress: { type: "jsonb", isNullable: true, setBy: "step", read: "wire", claim: "null" },
  trace_context: {
    ...{ type: "jsonb", isNullable: true, setBy: "request", read: "wire" },
    ...{ isOptional: true, replay: "ignored" },
  },
  version: { type: "integer", setBy: "step", read: "record", initial: 1 },
  idempotency_key: { type: "text", isNullable: true, setBy: "request", sharing: "never", replay: "scope" },
  request_hash: { type: "text", isNullable: true, setBy: "request", sharing: "never", replay: "ignored" },
  number: { type: "bigint", setBy: "database" },
  due: { type: "boolean", setBy: "database" },
  numbered_by_room: { type: "boolean", setBy: "database" },
  claimed_at: { type: "timestamptz", isNullable: true, setBy: "step" },
  ended_lease_worker_id: { type: "uuid", isNullable: true, setBy: "step" },
  ended_lease_reason: { type: "text", isNullable: true, setBy: "step" },
} as const satisfies AllColumns;

type Columns = typeof TASK_COLUMNS;
export type TaskColumnName = keyof Columns;
type ColumnWith<Part> = {
  [Name in TaskColumnName]: Columns[Name] extends Part ? Name : never;
}[TaskColumnName];

export type SubmittedColumn = ColumnWith<{ readonly setBy: "option" | "request" }>;
export type OptionColumn = ColumnWith<{ readonly setBy: "option" }>;
type StepColumn = ColumnWith<{ readonly setBy: "step"; readonly read: "wire" }>;
type ReadColumn = ColumnWith<{ readonly read: string }>;
export type ClaimedColumn = Exclude<ReadColumn, ColumnWith<{ readonly claim: "per-claim" | "null" }>>;
export type FilledInColumn = ColumnWith<{ readonly claim: "per-claim" | "unless-expected" }>;

/**
 * A column for which the claim statement returns null instead of the value in `EXPECTED_VALUES`.
 */
export type ExpectedColumn = ColumnWith<{ readonly claim: "unless-expected" }>;

type RowValue<Name extends TaskColumnName> =
  | SqlTypes[Columns[Name]["type"]]
  | (Columns[Name] extends { readonly isNullable: true } ? null : never);

export type TaskValues = { readonly [Name in ReadColumn]: RowValue<Name> };

/**
 * The values that a claim statement returns: integers as numbers, everything else as text. Null in
 * an `unless-expected` column stands for the expected value.
 */
export type ClaimedValues = {
  readonly [Name in ClaimedColumn]:
    | (Columns[Name]["type"] extends "integer" ? number : string)
    | (Columns[Name] extends { readonly isNullable: true } | { readonly claim: string } ? null : never);
};

export type TaskOptions = { readonly [Name in OptionColumn as CamelCase<Name>]: StoredTask[Name] };

export interface NamedColumn<Name extends TaskColumnName = TaskColumnName> extends TaskColumn {
  readonly name: Name;
}

/**
 * Returns the columns that match. The caller states their names (`Name`), because TypeScript cannot
 * infer them from the filter.
 */
const listColumns = <Name extends TaskColumnName>(matches: (column: TaskColumn) => boolean) =>
  Object.entries<TaskColumn>(TASK_COLUMNS)
    .filter(([, column]) => matches(column))
    .map(([name, column]): NamedColumn<Name> => ({ ...column, name: name as Name }));

export const SUBMITTED_COLUMNS = listColumns<SubmittedColumn>(
  ({ setBy }) => setBy === "option" || setBy === "request",
);
export const READ_COLUMNS = listColumns<ReadColumn>(({ read }) => read !== undefined);
export const WIRE_COLUMNS = listColumns<keyof StoredTask>(({ read }) => read === "wire");
export const CLAIMED_COLUMNS = listColumns<ClaimedColumn>(
  ({ read, claim }) => read !== undefined && claim !== "per-claim" && claim !== "null",
);

const OPTIONS = listColumns<OptionColumn>(({ setBy }) => setBy === "option").map(({ name }) => ({
  name,
  property: toProperty(name),
}));

export function readOptions(task: TaskOptions): Pick<StoredTask, OptionColumn> {
  const values: Partial<Record<OptionColumn, unknown>> = {};
  for (const { name, property } of OPTIONS) {
    const value = task[property];
    if (value !== undefined) values[name] = value;
  }
  // Every option is set, because `TaskOptions` has a property for each of them.
  return values as Pick<StoredTask, OptionColumn>;
}

/**
 * The initial members of a new task, in the order of responses. A member that the insert determines
 * is undefined, so that it keeps its position.
 */
export const NEW_TASK = Object.fromEntries<unknown>(
  WIRE_COLUMNS.filter(({ isOptional }) => isOptional === undefined).map(({ name, setBy, initial }) => [
    name,
    setBy === "step" ? (initial ?? null) : undefined,
  ]),
) as Pick<StoredTask, StepColumn>;

const MEMBERS_THAT_MAY_DIFFER: ReadonlySet<string> = new Set(
  listColumns(({ sharing }) => sharing === "each").map(({ name }) => name),
);

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && isDeepStrictEqual(a, b));
}

/** Returns true if two tasks have equal values in all members, except members of `each` columns. */
export function hasSameValues<Form extends object>(one: Form, other: Form): boolean {
  for (const name in one) {
    if (!MEMBERS_THAT_MAY_DIFFER.has(name) && !isEqual(one[name], other[name])) return false;
  }
  for (const name in other) {
    if (!(name in one) && other[name] !== undefined) return false;
  }
  return true;
}
