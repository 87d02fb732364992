import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";

/**
 * Opens failed or cancelled tasks again, at the end of their queues, in the order that they had. Their jobs are locked
 * against removal, in one order for all, and so are they themselves.
 */
export const retryTasks = async (db: Sql, ids: readonly string[]): Promise<TaskRow[]> => {
  const { rows } = await sql<TaskRow>`
    with named as materialized (
      select distinct n.id::uuid as id from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as n(id)
    ),
    held as materialized (
      select j.id from (
        select distinct t.job_id from named join joblib.task as t on t.id = named.id order by t.job_id
      ) as asked
      cross join lateral (
        select id, removed_at from joblib.job where id = asked.job_id limit 1 for key share
      ) as j
      where j.removed_at is null
    ),
    chosen as materialized (
      select t.id, t.number from (select * from named order by id) as n
      cross join lateral (
        select id, job_id, number from joblib.task where id = n.id and status in ('failed', 'cancelled')
        limit 1 for no key update
      ) as t
      where t.job_id in (select id from held)
    ),
    numbered as materialized (
      select id, nextval('joblib.task_number') as number from (select * from chosen order by number) as c
    ),
    moved as (
      update joblib.task as t set
        status = 'pending', number = numbered.number, runs = 0, error = null, result = null,
        progress = null, worker_id = null, claimed_at = null, started_at = null, completed_at = null,
        run_at = clock_timestamp(), due = true, version = t.version + 1
      from numbered where t.id = numbered.id
      returning t.*
    )
    ${selectTasks("moved", sql`, t.number`)} order by t.number`.execute(db);
  return rows;
};
