import { type RawBuilder, sql } from "kysely";
import type { JobAddress, Task } from "../../protocol/index.ts";
import { createRawJson, LONG_TEXT } from "../raw-json.ts";
import type { ClaimedTaskRecord } from "./claimed-task-record.ts";
import type { Placeholder } from "./queries/statement.ts";
import { formatTime } from "./rows.ts";

type Kept = ClaimedTaskRecord["task"];

/** What of a claimed task is its own; JSON and times are the database's texts. */
export interface ClaimedTextRow {
  readonly id: string;
  readonly job_id: string;
  readonly room_id: string;
  readonly payload: string;
  readonly priority: number;
  readonly attempt: number;
  readonly runs: number;
  readonly max_attempts: number;
  /** Null where it is the one that the statement was told of. */
  readonly backoff: string | null;
  readonly timeout_seconds: string | null;
  /** Null where it is the time of creation. */
  readonly run_at: string | null;
  readonly created_at: string;
  readonly created_by_id: string;
  /** Null where there are none. */
  readonly errors: string | null;
  readonly trace_context: string | null;
  readonly version: number;
}

/** What tasks that were claimed by one worker in one statement have in common. */
interface ClaimContext {
  readonly workerId: string;
  /** Whose worker it is. */
  readonly userId: string;
  /** Null unless the claim started them. */
  readonly startedAt: string | null;
  /** In the place of one that was not sent. */
  readonly backoff: string;
}

/** The columns that are sent as they are, or whose texts are. */
const COLUMNS: Readonly<Record<keyof ClaimedTextRow, (backoff: Placeholder) => RawBuilder<unknown>>> = {
  id: () => sql`id`,
  job_id: () => sql`job_id`,
  room_id: () => sql`room_id`,
  payload: () => sql`payload::text`,
  priority: () => sql`priority`,
  attempt: () => sql`attempt`,
  runs: () => sql`runs`,
  max_attempts: () => sql`max_attempts`,
  // Writing the numbers of a backoff is dearer than comparing them.
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

/** The columns of a task `t` that a row is made from. */
export const CLAIMED_TASK_COLUMNS = sql.join(NAMES.map((name) => sql`t.${sql.id(name)}`));

/** A row's columns out of them. */
export const selectClaimedTaskRows = (knownBackoff: Placeholder): RawBuilder<ClaimedTextRow> =>
  sql<ClaimedTextRow>`${sql.join(
    Object.entries(COLUMNS).map(([name, write]) => sql`${write(knownBackoff)} as ${sql.id(name)}`),
  )}`;

/** A long payload is left for itself: put together with the rest it would be copied once more. */
const joined = (before: string, payload: string, after: string): readonly string[] =>
  payload.length < LONG_TEXT ? [before + payload + after] : [before, payload, after];

const statusOf = ({ startedAt }: ClaimContext) => (startedAt === null ? "claimed" : "running");

/** As many columns without a row. */
export const NULL_TASK_COLUMNS = sql.join(NAMES.map(() => sql`null`));

/** What comes before its payload, and after it. */
const textsOf = (row: ClaimedTextRow, share: ClaimContext, runAt: string): readonly [string, string] => {
  const createdAt = row.run_at === null ? runAt : formatTime(row.created_at);
  const startedAt = share.startedAt === null ? "null" : `"${share.startedAt}"`;
  const trace = row.trace_context === null ? "" : `,"trace_context":${row.trace_context}`;
  // In the order of every other task; plain templates, because every claimed task goes through here.
  return [
    `"id":"${row.id}","room_id":${JSON.stringify(row.room_id)},"status":"${statusOf(share)}","payload":`,
    `,"priority":${row.priority},"attempt":${row.attempt},"runs":${row.runs},"max_attempts":${row.max_attempts},\
"backoff":${row.backoff ?? share.backoff},"timeout_seconds":${row.timeout_seconds},\
"run_at":"${runAt}","created_at":"${createdAt}","started_at":${startedAt},\
"completed_at":null,"created_by_id":${JSON.stringify(row.created_by_id)},"worker_id":"${share.workerId}","error":null,\
"errors":${row.errors ?? "[]"},"result":null,"progress":null${trace}`,
  ];
};

/**
 * A claimed task: its JSON is written from the database's texts, and read only if somebody looks into it. A third of what
 * a claim cost the server went into making objects of thirty columns, and JSON of the objects.
 */
export class LazyClaimedTask implements ClaimedTaskRecord {
  readonly jobId: string;
  readonly job: JobAddress;
  readonly summary: ClaimedTaskRecord["brief"];
  readonly version: number;
  readonly workerUserId: string;
  readonly lastWorkerId: string;
  readonly runAt: string;
  readonly startedAt: string | null;
  readonly isLeaseRevoked = false;
  readonly queuePosition = null;
  readonly #row: ClaimedTextRow;
  readonly #share: ClaimContext;
  #task: Kept | undefined;

  constructor(row: ClaimedTextRow, share: ClaimContext, job: JobAddress) {
    this.version = row.version;
    this.workerUserId = share.userId;
    this.lastWorkerId = share.workerId;
    this.jobId = row.job_id;
    this.job = job;
    this.summary = { id: row.id, room_id: row.room_id, status: statusOf(share), attempt: row.attempt };
    this.runAt = formatTime(row.run_at ?? row.created_at);
    this.startedAt = share.startedAt;
    this.#row = row;
    this.#share = share;
  }

  get task(): Kept {
    if (this.#task === undefined) {
      const [before, after] = this.#texts();
      this.#task = JSON.parse(`{${before}${this.#row.payload}${after}}`) as Kept;
    }
    return this.#task;
  }

  wire(jobName: string): Task {
    const [before, after] = this.#texts();
    // As good as the task to whoever only writes it down, which is all that is done with an answer.
    return createRawJson(
      ...joined(
        `{"job_name":${JSON.stringify(jobName)},${before}`,
        this.#row.payload,
        `${after},"queue_position":null}`,
      ),
    );
  }

  #texts(): readonly [string, string] {
    return textsOf(this.#row, this.#share, this.runAt);
  }
}
