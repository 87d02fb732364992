import { type RawBuilder, sql } from "kysely";
import { GLOBAL_ROOM, MAX_COUNTED } from "../../../protocol/index.ts";
import type { Sql } from "../sessions.ts";
import { isAlive } from "./is-alive.ts";
import { QUEUE_ORDER } from "./queue-order.ts";

/** Jobs that are shown of a room. */
const MAX_JOBS = 500;
/** Held tasks that are looked at for who is busy. */
const MAX_LEASED_TASKS = 10_000;

/** A job's queue and who serves it. */
export interface JobQueueRow {
  id: string;
  room_id: string;
  category: string;
  name: string;
  workers: number;
  busy_workers: number;
  pending: number;
  running: number;
  oldest_pending_seconds: number | null;
}

const pending = (due: RawBuilder<unknown>) => sql`(
  select count(*) from (
    select from joblib.task as t where t.job_id = j.id and t.status = 'pending' and ${due}
    limit ${MAX_COUNTED}::int) as capped)`;

/**
 * When the longest waiting became due: the first in the queue of each priority, one index probe for each of them; and of
 * those that have just fallen due the first by their time.
 */
const oldest = sql`(
  with recursive first_of as (
    (select t.priority, t.run_at from joblib.task as t
      where t.job_id = j.id and t.status = 'pending' and t.due order by ${QUEUE_ORDER} limit 1)
    union all
    select n.priority, n.run_at from first_of cross join lateral (
      select t.priority, t.run_at from joblib.task as t
      where t.job_id = j.id and t.status = 'pending' and t.due and t.priority < first_of.priority
      order by ${QUEUE_ORDER} limit 1
    ) as n
  )
  select least(
    (select min(run_at) from first_of),
    (select t.run_at from joblib.task as t
      where t.job_id = j.id and t.status = 'pending' and not t.due and t.run_at <= now() order by t.run_at limit 1)))`;

/** The queues of the jobs that a room sees, newest first. */
export const findJobQueues = async (db: Sql, roomId: string, aliveWithinSeconds: number) => {
  const { rows } = await sql<JobQueueRow>`
    with jobs as materialized (
      select j.id, j.room_id, j.category, j.name, j.created_at from joblib.job as j
      where j.removed_at is null and j.room_id in (${roomId}, ${GLOBAL_ROOM})
      order by j.created_at desc, j.id desc limit ${sql.lit(MAX_JOBS)}
    ),
    held as materialized (
      select t.worker_id, t.job_id from joblib.task as t
      where t.status in ('claimed', 'running') limit ${sql.lit(MAX_LEASED_TASKS)}
    ),
    busy as materialized (select distinct worker_id from held),
    staff as materialized (
      select wj.job_id, count(*) as workers, count(busy.worker_id) as busy_workers
      from jobs join joblib.worker_job as wj on wj.job_id = jobs.id
      join joblib.worker as w on w.id = wj.worker_id and ${isAlive(aliveWithinSeconds)}
      left join busy on busy.worker_id = w.id
      group by wj.job_id
    )
    select j.id, j.room_id, j.category, j.name,
      coalesce(staff.workers, 0)::int as workers, coalesce(staff.busy_workers, 0)::int as busy_workers,
      least(${pending(sql`t.due`)} + ${pending(sql`not t.due`)}, ${MAX_COUNTED}::int)::int as pending,
      (select count(*) from held where held.job_id = j.id)::int as running,
      -- Not greatest(age, 0), for which an age that there is not counts as 0.
      (select case when age < 0 then 0 else age end
        from (select extract(epoch from clock_timestamp() - ${oldest})::float8 as age) as a) as oldest_pending_seconds
    from jobs as j left join staff on staff.job_id = j.id
    order by j.created_at desc, j.id desc`.execute(db);
  return rows;
};
