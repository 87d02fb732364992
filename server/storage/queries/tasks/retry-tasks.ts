import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { formatArray } from "../../sql/statement.ts";

/**
 * Makes failed and cancelled tasks pending, at the end of their queues and in their previous order. Skips
 * other tasks, and tasks of removed jobs. The jobs are locked, so that they are not removed. All statements
 * lock jobs first and then tasks, in the same order.
 */
export async function retryTasks(db: Sql, ids: readonly string[]): Promise<TaskRow[]> {
  const { rows } = await sql<TaskRow>`
    with requested as materialized (
      select distinct n.id from unnest(${formatArray(ids)}::uuid[]) as n(id)
    ),
    locked_jobs as materialized (
      select j.id from (
        select distinct t.job_id from requested join joblib.task as t on t.id = requested.id order by t.job_id
      ) as requested_jobs
      cross join lateral (
        select id, removed_at from joblib.job where id = requested_jobs.job_id limit 1 for key share
      ) as j
      where j.removed_at is null
    ),
    locked_tasks as materialized (
      select t.id, t.number from (select * from requested order by id) as n
      cross join lateral (
        select id, job_id, number from joblib.task where id = n.id and status in ('failed', 'cancelled')
        limit 1 for no key update
      ) as t
      where t.job_id in (select id from locked_jobs)
    ),
    numbered as materialized (
      select id, nextval('joblib.task_number') as number from (select * from locked_tasks order by number) as c
    ),
    updated as (
      update joblib.task as t set
        status = 'pending', number = numbered.number, runs = 0, error = null, result = null,
        progress = null, worker_id = null, claimed_at = null, started_at = null, completed_at = null,
        run_at = clock_timestamp(), due = true, version = t.version + 1
      from numbered where t.id = numbered.id
      returning t.*
    )
    ${selectTasks("updated", sql`, t.number`)} order by t.number`.execute(db);
  return rows;
}
