import type { Pool } from "pg";
import * as z from "zod";
import { SharedStrings } from "../history/shared-strings.ts";

/** Number of rows per query. */
const PAGE_SIZE = 20_000;

const Time = z.date().transform((date) => date.getTime());
const Nullable = z.string().nullable();

const TaskRow = z.object({
  id: z.string(),
  room_id: z.string(),
  status: z.string(),
  payload: z.record(z.string(), z.unknown()),
  attempt: z.number(),
  runs: z.number(),
  max_attempts: z.number(),
  worker_id: Nullable,
  result: z.unknown(),
});
export type TaskRow = z.infer<typeof TaskRow>;

const Step = z.object({
  at: Time,
  task_id: z.string(),
  job_id: z.string(),
  number: z.coerce.number(),
  priority: z.number(),
  run_at: Time,
  from_status: Nullable,
  to_status: Nullable,
  from_attempt: z.number().nullable(),
  to_attempt: z.number().nullable(),
  from_worker: Nullable,
  to_worker: Nullable,
  runs: z.number().nullable(),
  max_attempts: z.number().nullable(),
});
/** One committed change of a task. `at` is the wall clock time in milliseconds. */
export type Step = z.infer<typeof Step>;
const StepWithSeq = Step.extend({ seq: z.string() });

const EndedWorker = z.object({ at: Time, worker_id: z.string(), silent_ms: z.number() });
export type EndedWorker = z.infer<typeof EndedWorker>;

/** The contents of the database at the end of a case. */
export interface Tables {
  readonly tasks: readonly TaskRow[];
  readonly steps: readonly Step[];
  readonly endedWorkers: readonly EndedWorker[];
}

const TASKS = `select id, room_id, status, payload, attempt, runs, max_attempts, worker_id, result
  from joblib.task where room_id = $1 and id > $2 order by id limit ${PAGE_SIZE}`;
const STEPS = `select * from faults.step where room_id = $1 and seq > $2 order by seq limit ${PAGE_SIZE}`;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";

/** Reads a table page by page, because the tables of a soak are too large for one query. */
const readAll = async <Row>(
  sql: Pool,
  { text, room, first }: { readonly text: string; readonly room: string; readonly first: string },
  parse: (rows: unknown) => { readonly row: Row; readonly cursor: string }[],
): Promise<Row[]> => {
  const all: Row[] = [];
  for (let cursor = first; ; ) {
    const { rows } = await sql.query(text, [room, cursor]);
    for (const one of parse(rows)) {
      all.push(one.row);
      cursor = one.cursor;
    }
    if (rows.length < PAGE_SIZE) return all;
  }
};

/**
 * Reads the tasks and steps of a room, and all ended workers, because workers do not belong to a
 * room.
 */
export const readTables = async (sql: Pool, room: string): Promise<Tables> => {
  const shared = new SharedStrings();
  const Tasks = z.array(TaskRow.transform((row) => ({ row: shared.shareStrings(row), cursor: row.id })));
  const Steps = z.array(
    StepWithSeq.transform(({ seq, ...row }) => ({ row: shared.shareStrings(row), cursor: seq })),
  );
  const tasks = await readAll(sql, { text: TASKS, room, first: FIRST_ID }, (rows) => Tasks.parse(rows));
  const steps = await readAll(sql, { text: STEPS, room, first: "0" }, (rows) => Steps.parse(rows));
  const ended = await sql.query("select * from faults.ended_worker");
  return { tasks, steps, endedWorkers: z.array(EndedWorker).parse(ended.rows) };
};
