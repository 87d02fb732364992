import { type RawBuilder, sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";

/** A job and its room. */
export interface JobRoomRow {
  id: string;
  room_id: string;
}

// There is one subquery for each status, so that each uses its own partial index.
const isIdle = sql`j.removed_at is null
  and not exists (select 1 from joblib.worker_job as wj where wj.job_id = j.id)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status = 'pending' and t.due)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status = 'pending' and not t.due)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status in ('claimed', 'running'))`;

const selectIds = (ids: readonly string[]): RawBuilder<unknown> =>
  sql`(select n.id::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as n(id))`;

/**
 * Locks jobs, so that registrations and submits wait. All statements that lock several jobs use the same
 * order.
 */
export const lockJobs = async (db: Sql, ids: readonly string[]): Promise<JobRoomRow[]> => {
  const { rows } = await sql<JobRoomRow>`
    select j.id, j.room_id from joblib.job as j where j.id in ${selectIds(ids)} order by j.id for update`.execute(
    db,
  );
  return rows;
};

/** Locks jobs that appear to be idle. Skips jobs that another transaction has locked. */
export const lockIdleJobs = async (db: Sql, limit: number): Promise<string[]> => {
  const { rows } = await sql<{ id: string }>`
    select j.id from joblib.job as j where ${isIdle} order by j.id limit ${limit}::int
    for update skip locked`.execute(db);
  return rows.map(({ id }) => id);
};

/**
 * Marks locked jobs as removed if they are idle. This is a separate statement, because its snapshot must
 * include everything that was committed before the jobs were locked.
 */
export const removeLockedIdleJobs = async (db: Sql, ids: readonly string[]): Promise<JobRoomRow[]> => {
  const { rows } = await sql<JobRoomRow>`
    with removed as (
      update joblib.job as j set removed_at = clock_timestamp()
      where j.id in ${selectIds(ids)} and ${isIdle}
      returning j.id, j.room_id
    ),
    deleted_queues as (delete from joblib.room_queue where job_id in (select id from removed))
    select * from removed`.execute(db);
  return rows;
};
