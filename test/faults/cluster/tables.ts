import type { Pool } from "pg";
import * as z from "zod";

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
  idempotency_key: Nullable,
  created_by_id: z.string(),
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
/** One committed change of a task, in the order of the row; `at` in ms of the wall clock. */
export type Step = z.infer<typeof Step>;

const EndedWorker = z.object({ at: Time, worker_id: z.string(), silent_ms: z.number() });
export type EndedWorker = z.infer<typeof EndedWorker>;

/** The end of a case, as the database has it. */
export interface Tables {
  readonly tasks: readonly TaskRow[];
  readonly steps: readonly Step[];
  readonly endedWorkers: readonly EndedWorker[];
}

/** Reads what belongs to a room; workers have none, so all of them. */
export const readTables = async (sql: Pool, room: string): Promise<Tables> => {
  const tasks = await sql.query(
    `select id, room_id, status, payload, attempt, runs, max_attempts, worker_id, result, idempotency_key, created_by_id
     from joblib.task where room_id = $1`,
    [room],
  );
  const steps = await sql.query("select * from faults.step where room_id = $1 order by seq", [room]);
  const ended = await sql.query("select * from faults.ended_worker");
  return {
    tasks: z.array(TaskRow).parse(tasks.rows),
    steps: z.array(Step).parse(steps.rows),
    endedWorkers: z.array(EndedWorker).parse(ended.rows),
  };
};
