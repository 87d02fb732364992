import { sql } from "kysely";
import type { TaskStatus } from "../../../../protocol/index.ts";
import type { LeaseEnd } from "../../queue/statements/lease-end.ts";
import type { Sql } from "../../sessions/orm.ts";

/**
 * The columns of a task that describe its attempts. Times are text; `errors`, `late` and `names` are JSON as
 * text.
 */
export interface AttemptsRow {
  status: TaskStatus;
  attempt: number;
  worker_id: string | null;
  claimed_at: string | null;
  started_at: string | null;
  completed_at: string | null;
  error: string | null;
  errors: string;
  ended_lease_worker_id: string | null;
  ended_lease_reason: LeaseEnd | null;
  late: string;
  names: string;
}

/**
 * Reads what is stored about a task's attempts, with its late results and the names of the workers that still
 * exist.
 */
export const findAttempts = async (db: Sql, taskId: string) => {
  const { rows } = await sql<AttemptsRow>`
    with requested as materialized (select * from joblib.task where id = ${taskId}::uuid)
    select t.status, t.attempt, t.worker_id, t.claimed_at::text as claimed_at,
      t.started_at::text as started_at, t.completed_at::text as completed_at, t.error, t.errors::text as errors,
      t.ended_lease_worker_id, t.ended_lease_reason,
      coalesce((
        select jsonb_agg(jsonb_build_object('attempt', l.attempt, 'workerId', l.worker_id))
        from joblib.late_result as l where l.task_id = t.id
      ), '[]')::text as late,
      coalesce((
        select jsonb_agg(jsonb_build_object('id', w.id, 'name', w.name)) from joblib.worker as w
        where w.name is not null and w.id in (
          select t.worker_id union select t.ended_lease_worker_id
          union select (e.entry ->> 'worker_id')::uuid from jsonb_array_elements(t.errors) as e(entry))
      ), '[]')::text as names
    from requested as t`.execute(db);
  return rows[0];
};
