import { type RawBuilder, sql } from "kysely";
import type { JobAddress, Task } from "../../../protocol/index.ts";
import { createRawJson, LONG_TEXT } from "../../raw-json.ts";
import type { ClaimedTaskRecord } from "../../records.ts";
import { formatTime } from "../rows.ts";
import type { Placeholder } from "../sql/statement.ts";

type ParsedTask = ClaimedTaskRecord["task"];

/** The columns of a claimed task. JSON and times are text, as the database sends them. */
export interface ClaimedTextRow {
  readonly id: string;
  readonly job_id: string;
  readonly room_id: string;
  readonly payload: string;
  readonly priority: number;
  readonly attempt: number;
  readonly runs: number;
  readonly max_attempts: number;
  /** Null if it equals the known backoff, which the statement receives. */
  readonly backoff: string | null;
  readonly timeout_seconds: string | null;
  /** Null if it equals `created_at`. */
  readonly run_at: string | null;
  readonly created_at: string;
  readonly created_by_id: string;
  /** Null if there are none. */
  readonly errors: string | null;
  readonly trace_context: string | null;
  readonly version: number;
}

/** The values that are the same for all tasks that one worker claims in one statement. */
interface ClaimContext {
  readonly workerId: string;
  /** The user who owns the worker. */
  readonly userId: string;
  /** Null unless the claim also started the tasks. */
  readonly startedAt: string | null;
  /** The known backoff, for tasks whose column is null. */
  readonly backoff: string;
}

/** The SQL expression of each column, for a given known backoff. */
const COLUMNS: Readonly<Record<keyof ClaimedTextRow, (backoff: Placeholder) => RawBuilder<unknown>>> = {
  id: () => sql`id`,
  job_id: () => sql`job_id`,
  room_id: () => sql`room_id`,
  payload: () => sql`payload::text`,
  priority: () => sql`priority`,
  attempt: () => sql`attempt`,
  runs: () => sql`runs`,
  max_attempts: () => sql`max_attempts`,
  // Comparing two backoffs costs less than formatting the numbers of one.
  backoff: (known) => sql`nullif(backoff, ${known}::jsonb)::text`,
  timeout_seconds: () => sql`timeout_seconds::text`,
  run_at: () => sql`nullif(run_at, created_at)::text`,
  created_at: () => sql`created_at::text`,
  created_by_id: () => sql`created_by_id`,
  errors: () => sql`nullif(errors, '[]')::text`,
  trace_context: () => sql`trace_context::text`,
  version: () => sql`version`,
};

const NAMES = Object.keys(COLUMNS);

/** The columns of a task `t` that `selectClaimedTaskRows` needs. */
export const CLAIMED_TASK_COLUMNS = sql.join(NAMES.map((name) => sql`t.${sql.id(name)}`));

/** Builds the select list of a claimed task's row. */
export const selectClaimedTaskRows = (knownBackoff: Placeholder): RawBuilder<ClaimedTextRow> =>
  sql<ClaimedTextRow>`${sql.join(
    Object.entries(COLUMNS).map(([name, write]) => sql`${write(knownBackoff)} as ${sql.id(name)}`),
  )}`;

/**
 * Joins the parts of a task's JSON. A long payload stays a separate piece, because joining would copy it once
 * more.
 */
const joinTexts = (before: string, payload: string, after: string): readonly string[] =>
  payload.length < LONG_TEXT ? [before + payload + after] : [before, payload, after];

const getStatus = ({ startedAt }: ClaimContext) => (startedAt === null ? "claimed" : "running");

/** The columns of `selectClaimedTaskRows`, all null. */
export const NULL_TASK_COLUMNS = sql.join(NAMES.map(() => sql`null`));

/** Returns the JSON of a task in two parts: the members before the payload and those after it. */
const buildTexts = (row: ClaimedTextRow, context: ClaimContext, runAt: string): readonly [string, string] => {
  const createdAt = row.run_at === null ? runAt : formatTime(row.created_at);
  const startedAt = context.startedAt === null ? "null" : `"${context.startedAt}"`;
  const trace = row.trace_context === null ? "" : `,"trace_context":${row.trace_context}`;
  // The order of members is the same as in all other responses. Template strings are used, because this code
  // runs for every claim.
  return [
    `"id":"${row.id}","room_id":${JSON.stringify(row.room_id)},"status":"${getStatus(context)}","payload":`,
    `,"priority":${row.priority},"attempt":${row.attempt},"runs":${row.runs},"max_attempts":${row.max_attempts},\
"backoff":${row.backoff ?? context.backoff},"timeout_seconds":${row.timeout_seconds},\
"run_at":"${runAt}","created_at":"${createdAt}","started_at":${startedAt},\
"completed_at":null,"created_by_id":${JSON.stringify(row.created_by_id)},"worker_id":"${context.workerId}","error":null,\
"errors":${row.errors ?? "[]"},"result":null,"progress":null${trace}`,
  ];
};

/**
 * A claimed task whose JSON is built from the text of the database. It is parsed only if `task` is read.
 * Creating objects with thirty columns and serializing them again took a third of the server's time for a
 * claim.
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
  readonly #row: ClaimedTextRow;
  readonly #context: ClaimContext;
  #task: ParsedTask | undefined;

  constructor(row: ClaimedTextRow, context: ClaimContext, job: JobAddress) {
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

  toTask(jobName: string): Task {
    const [before, after] = this.#texts();
    // This value can only be serialized, which is sufficient for a response.
    return createRawJson(
      ...joinTexts(
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
