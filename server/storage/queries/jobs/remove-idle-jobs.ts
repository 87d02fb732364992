import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";
import { formatArray, readRows } from "../../sql/statement.ts";

// One subquery for each status, so that each uses its own partial index.
const isIdle = sql`j.removed_at is null
  and not exists (select 1 from joblib.worker_job as wj where wj.job_id = j.id)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status = 'pending' and t.due)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status = 'pending' and not t.due)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status in ('claimed', 'running'))`;

/** Removes jobs that have neither workers nor open tasks. Skips jobs that another transaction has locked. */
export async function removeIdleJobs(db: Sql, limit: number) {
  const idle = await readRows(
    db,
    sql<{ id: string }>`
      select j.id from joblib.job as j where ${isIdle} order by j.id limit ${limit}::int for update skip locked`,
  );
  const ids = idle.map(({ id }) => id);
  return ids.length === 0 ? [] : removeLockedIdleJobs(db, ids);
}

/**
 * Marks locked jobs as removed if they are idle. This is a separate statement, because its snapshot must include
 * everything that was committed before the jobs were locked.
 */
export const removeLockedIdleJobs = (db: Sql, ids: readonly string[]) =>
  readRows(
    db,
    sql<{ readonly id: string; readonly roomId: string }>`
      with removed as (
        update joblib.job as j set removed_at = clock_timestamp()
        where j.id = any(${formatArray(ids)}::uuid[]) and ${isIdle}
        returning j.id, j.room_id as "roomId"
      ),
      deleted_queues as (delete from joblib.room_queue where job_id in (select id from removed))
      select * from removed`,
  );
