import { type RawBuilder, sql } from "kysely";
import type { Task, TaskStatus } from "../../protocol/index.ts";
import { rawJson } from "../raw-json.ts";
import type { ClaimedRecord } from "./claimed-record.ts";
import { wireTime } from "./rows.ts";

type Kept = ClaimedRecord["task"];

/** How a column's text becomes JSON: `word` needs no escapes, `json` and `number` are JSON already. */
type Kind = "word" | "text" | "json" | "number" | "time";

const COLUMNS = {
  id: "word",
  room_id: "text",
  status: "word",
  payload: "json",
  priority: "number",
  attempt: "number",
  runs: "number",
  max_attempts: "number",
  backoff: "json",
  timeout_seconds: "number",
  run_at: "time",
  created_at: "time",
  started_at: "time",
  completed_at: "time",
  created_by_id: "text",
  worker_id: "word",
  error: "text",
  errors: "json",
  result: "json",
  progress: "json",
} as const satisfies Record<keyof Kept, Kind>;

/** A task whose every column is the database's text, and whose it is. */
export type WireRow = { readonly [Column in keyof Kept]: string | null } & {
  readonly id: string;
  readonly room_id: string;
  readonly status: TaskStatus;
  readonly payload: string;
  readonly attempt: string;
  readonly version: string;
  /** Whose worker it is that holds it. */
  readonly user_id: string;
  readonly job_id: string;
  readonly job_room_id: string;
  readonly job_category: string;
  readonly job_name: string;
};

const asText = ([column, kind]: [string, Kind]): RawBuilder<unknown> =>
  kind === "text" ? sql`t.${sql.id(column)}` : sql`t.${sql.id(column)}::text as ${sql.id(column)}`;

/** `select` and `from` of such rows out of a CTE, known as `t`; more columns may follow. */
export const selectWireRows = (
  source: string,
  more: RawBuilder<unknown>,
): RawBuilder<WireRow> => sql<WireRow>`
  select ${sql.join(Object.entries(COLUMNS).map(asText))}, t.job_id::text as job_id, t.version::text as version,
    j.room_id as job_room_id, j.category as job_category, j.name as job_name ${more}
  from ${sql.table(source)} as t join joblib.job as j on j.id = t.job_id`;

const WRITE: Readonly<Record<Kind, (text: string) => string>> = {
  word: (text) => `"${text}"`,
  text: (text) => JSON.stringify(text),
  json: (text) => text,
  number: (text) => text,
  time: (text) => `"${wireTime(text)}"`,
};

const WRITERS = Object.entries(COLUMNS).map(([column, kind]) => ({
  column: column as keyof typeof COLUMNS,
  key: `"${column}":`,
  write: WRITE[kind],
}));

const membersOf = (row: WireRow): string => {
  let members = "";
  for (const { column, key, write } of WRITERS) {
    const text = row[column];
    members += `${members === "" ? "" : ","}${key}${text === null ? "null" : write(text)}`;
  }
  return members;
};

/**
 * A claimed task: its JSON is written from the database's texts, and read only if somebody looks into it. A third of what
 * a claim cost the server went into making objects of thirty columns, and JSON of the objects.
 */
export class WireRecord implements ClaimedRecord {
  readonly jobId: string;
  readonly job: ClaimedRecord["job"];
  readonly brief: ClaimedRecord["brief"];
  readonly version: number;
  readonly workerUserId: string;
  readonly lastWorkerId: string | null;
  readonly wasTaken = false;
  readonly queuePosition = null;
  readonly #members: string;
  #task: Kept | undefined;

  constructor(row: WireRow) {
    this.version = Number(row.version);
    this.workerUserId = row.user_id;
    this.lastWorkerId = row.worker_id;
    this.jobId = row.job_id;
    this.job = { roomId: row.job_room_id, category: row.job_category, name: row.job_name };
    this.brief = { id: row.id, room_id: row.room_id, status: row.status, attempt: Number(row.attempt) };
    this.#members = membersOf(row);
  }

  get task(): Kept {
    this.#task ??= JSON.parse(`{${this.#members}}`) as Kept;
    return this.#task;
  }

  wire(jobName: string): Task {
    const text = `{"job_name":${JSON.stringify(jobName)},${this.#members},"queue_position":null}`;
    // As good as the task to whoever only writes it down, which is all that is done with an answer.
    return rawJson(text) as never;
  }
}
