import { type RawBuilder, sql } from "kysely";
import type { JobAddress, Task } from "../../../protocol/index.ts";
import { LONG_TEXT, Serialized } from "../../raw-json.ts";
import type { ClaimedTaskRecord } from "../../records.ts";
import { formatTime } from "../rows.ts";
import type { Placeholder } from "../sql/statement.ts";
import {
  CLAIMED_COLUMNS,
  type ClaimedColumn,
  type ClaimedValues,
  type ExpectedColumn,
  type FilledInColumn,
  type NamedColumn,
  WIRE_COLUMNS,
} from "../task-columns.ts";

type ParsedTask = ClaimedTaskRecord["task"];

/** The values that are the same for all tasks that one worker claims in one statement. */
interface ClaimContext {
  readonly workerId: string;
  /** The user who owns the worker. */
  readonly userId: string;
  /** Null unless the claim also started the tasks. */
  readonly startedAt: string | null;
  /**
   * The `expectedBackoff` that was passed to the statement. Tasks whose returned `backoff` is null
   * have this backoff.
   */
  readonly backoff: string;
}

type BuildValue = (expectedBackoff: Placeholder) => RawBuilder<unknown>;

/**
 * The values that most tasks have in some columns, as SQL expressions. A claim returns null instead
 * of such a value, because PostgreSQL compares a value faster than it formats the value as text.
 */
const EXPECTED_VALUES: Readonly<Record<ExpectedColumn, BuildValue>> & {
  readonly [name: string]: BuildValue;
} = {
  backoff: (expected) => sql`${expected}::jsonb`,
  run_at: () => sql`created_at`,
  errors: () => sql`'[]'`,
};

function selectColumn({ name, type, claim }: NamedColumn<ClaimedColumn>, expectedBackoff: Placeholder) {
  const expected = claim === "unless-expected" ? EXPECTED_VALUES[name]?.(expectedBackoff) : undefined;
  const value = expected === undefined ? sql.raw(name) : sql`nullif(${sql.raw(name)}, ${expected})`;
  const isSent = type === "uuid" || type === "text" || type === "integer";
  return sql`${value}${sql.raw(isSent ? "" : "::text")} as ${sql.id(name)}`;
}

/** The columns of a task `t` that `selectClaimedTaskRows` needs. */
export const CLAIMED_TASK_COLUMNS = sql.join(CLAIMED_COLUMNS.map(({ name }) => sql`t.${sql.id(name)}`));

/** Builds the select list of a claimed task's row. */
export function selectClaimedTaskRows(expectedBackoff: Placeholder): RawBuilder<ClaimedValues> {
  return sql<ClaimedValues>`${sql.join(CLAIMED_COLUMNS.map((column) => selectColumn(column, expectedBackoff)))}`;
}

/**
 * Joins the three parts of a task's JSON. A long payload stays separate, because joining would copy
 * it.
 */
function joinTexts(before: string, payload: string, after: string): readonly string[] {
  return payload.length < LONG_TEXT ? [before + payload + after] : [before, payload, after];
}

function getStatus({ startedAt }: ClaimContext) {
  return startedAt === null ? "claimed" : "running";
}

/** Nulls in place of the columns of `selectClaimedTaskRows`, for the summary row of a worker. */
export const NULL_TASK_COLUMNS = sql.join(CLAIMED_COLUMNS.map(() => sql`null`));

function quote(value: unknown): string {
  return value === null ? "null" : `"${value}"`;
}

/**
 * Formats a value of a row as JSON. A UUID needs no escaping. Numbers and JSON values are already
 * JSON text.
 */
function formatJson(type: NamedColumn["type"], value: string | number | null): string {
  if (type === "text") return JSON.stringify(value);
  if (type === "timestamptz") return quote(value === null ? null : formatTime(String(value)));
  return type === "uuid" ? quote(value) : String(value);
}

function isClaimed(column: NamedColumn): column is NamedColumn<ClaimedColumn> {
  return CLAIMED_COLUMNS.some(({ name }) => name === column.name);
}

/** The JSON members of a task, in the same order as in all other responses. */
const MEMBERS = WIRE_COLUMNS.map((column, index) => ({
  ...column,
  key: `${index === 0 ? "" : ","}"${column.name}":`,
  returned: isClaimed(column) ? column.name : undefined,
}));

/** Returns the JSON members before the payload and those after it. */
function buildTexts(row: ClaimedValues, context: ClaimContext, runAt: string): readonly [string, string] {
  const filledIn: Readonly<Record<FilledInColumn, string>> & { readonly [name: string]: string } = {
    status: quote(getStatus(context)),
    worker_id: quote(context.workerId),
    started_at: quote(context.startedAt),
    backoff: row.backoff ?? context.backoff,
    run_at: quote(runAt),
    created_at: quote(row.run_at === null ? runAt : formatTime(row.created_at)),
    errors: row.errors ?? "[]",
  };
  let before = "";
  let text = "";
  for (const { name, type, key, isOptional, returned } of MEMBERS) {
    if (name === "payload") {
      before = text + key;
      text = "";
    } else {
      const value = returned === undefined ? null : row[returned];
      if (value !== null || isOptional !== true) text += key + (filledIn[name] ?? formatJson(type, value));
    }
  }
  return [before, text];
}

/**
 * A claimed task whose JSON is built from the text that the database returned. The JSON is parsed
 * only if `task` is read. Creating objects with thirty properties and serializing them again took a
 * third of the server's time for a claim.
 */
export class LazyClaimedTask implements ClaimedTaskRecord {
  readonly jobId: string;
  readonly job: JobAddress;
  readonly summary: ClaimedTaskRecord["summary"];
  readonly version: number;
  readonly workerUserId: string;
  readonly lastWorkerId: string;
  readonly runAt: string;
  readonly startedAt: string | null;
  readonly isLeaseRevoked = false;
  readonly queuePosition = null;
  readonly #row: ClaimedValues;
  readonly #context: ClaimContext;
  #task: ParsedTask | undefined;

  constructor(row: ClaimedValues, context: ClaimContext, job: JobAddress) {
    this.version = row.version;
    this.workerUserId = context.userId;
    this.lastWorkerId = context.workerId;
    this.jobId = row.job_id;
    this.job = job;
    this.summary = { id: row.id, room_id: row.room_id, status: getStatus(context), attempt: row.attempt };
    this.runAt = formatTime(row.run_at ?? row.created_at);
    this.startedAt = context.startedAt;
    this.#row = row;
    this.#context = context;
  }

  get task(): ParsedTask {
    if (this.#task === undefined) {
      const [before, after] = this.#texts();
      this.#task = JSON.parse(`{${before}${this.#row.payload}${after}}`) as ParsedTask;
    }
    return this.#task;
  }

  toTask(jobName: string): Serialized<Task> {
    const [before, after] = this.#texts();
    return new Serialized(
      joinTexts(
        `{"job_name":${JSON.stringify(jobName)},${before}`,
        this.#row.payload,
        `${after},"queue_position":null}`,
      ),
    );
  }

  #texts(): readonly [string, string] {
    return buildTexts(this.#row, this.#context, this.runAt);
  }
}
