import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";

/** Opens a failed or cancelled task again, at the end of its queue; its job is locked against removal. */
export const retryTask = async (db: Sql, id: string) => {
  const { rows } = await sql<TaskRow>`
    with held as materialized (
      select j.id from joblib.job as j
      where j.id = (select job_id from joblib.task where id = ${id}::uuid) and j.removed_at is null
      for key share
    ),
    moved as (
      update joblib.task as t set
        status = 'pending', number = nextval('joblib.task_number'), runs = 0, error = null, result = null,
        progress = null, worker_id = null, claimed_at = null, started_at = null, completed_at = null,
        run_at = clock_timestamp(), due = true, version = t.version + 1
      from held
      where t.id = ${id}::uuid and t.job_id = held.id and t.status in ('failed', 'cancelled')
      returning t.*
    )
    ${selectTasks("moved")}`.execute(db);
  return rows[0];
};
