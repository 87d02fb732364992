import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";

/** Maximum number of tasks of a job that are promoted at once. */
const MAX_PROMOTED_TASKS = 10_000;

/** Promotes the due tasks of the worker's jobs: adds those whose `run_at` has passed to the claim index. */
export const promoteDueTasks = async (db: Sql, workerId: string): Promise<void> => {
  await sql`
    with unpromoted as materialized (
      select d.id from joblib.worker_job as wj
      cross join lateral (
        select t.id from joblib.task as t
        where t.job_id = wj.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
        order by t.run_at limit ${MAX_PROMOTED_TASKS}::int
        for update skip locked
      ) as d
      where wj.worker_id = ${workerId}::uuid
    )
    update joblib.task as t set due = true from unpromoted where t.id = unpromoted.id`.execute(db);
};
