import { type RawBuilder, sql } from "kysely";
import { GLOBAL_ROOM, type JobAddress, type JobStats, MAX_COUNTED } from "../../../../protocol/index.ts";
import { QUEUE_ORDER } from "../../queue/queue-order.ts";
import { isAlive } from "../../sql/statement.ts";

const MAX_JOBS = 500;
/** Maximum number of claimed and running tasks that are read: as many as a hundred workers can have. */
export const MAX_LEASED_TASKS = 10_000;

type JobQueueRow = JobAddress &
  Pick<JobStats, "workers" | "busy_workers" | "pending" | "running" | "oldest_pending_seconds"> & {
    readonly id: string;
  };

const countPending = (due: RawBuilder<unknown>) => sql`(
  select count(*) from (
    select from joblib.task as t where t.job_id = j.id and t.status = 'pending' and ${due}
    limit ${MAX_COUNTED}::int) as capped)`;

/**
 * Selects the time at which the oldest due task of the job `j` became due. That task is either the first one of a priority,
 * found by one index probe for each priority, or the first one that is due and not promoted yet.
 */
const selectOldestRunAt = sql`(
  with recursive head as (
    (select t.priority, t.run_at from joblib.task as t
      where t.job_id = j.id and t.status = 'pending' and t.due order by ${QUEUE_ORDER} limit 1)
    union all
    select n.priority, n.run_at from head cross join lateral (
      select t.priority, t.run_at from joblib.task as t
      where t.job_id = j.id and t.status = 'pending' and t.due and t.priority < head.priority
      order by ${QUEUE_ORDER} limit 1
    ) as n
  )
  select least(
    (select min(run_at) from head),
    (select t.run_at from joblib.task as t
      where t.job_id = j.id and t.status = 'pending' and not t.due and t.run_at <= now() order by t.run_at limit 1)))`;

/** Selects the queues of the jobs that are visible in a room, newest job first. */
export const selectJobQueues = (roomId: string, aliveWithinSeconds: number): RawBuilder<JobQueueRow> => sql`
  with jobs as materialized (
    select j.id, j.room_id, j.category, j.name, j.created_at from joblib.job as j
    where j.removed_at is null and j.room_id in (${roomId}, ${GLOBAL_ROOM})
    order by j.created_at desc, j.id desc limit ${sql.lit(MAX_JOBS)}
  ),
  leased as materialized (
    select t.worker_id, t.job_id from joblib.task as t
    where t.status in ('claimed', 'running') limit ${sql.lit(MAX_LEASED_TASKS)}
  ),
  busy as materialized (select distinct worker_id from leased),
  staffing as materialized (
    select wj.job_id, count(*) as workers, count(busy.worker_id) as busy_workers
    from jobs join joblib.worker_job as wj on wj.job_id = jobs.id
    join joblib.worker as w on w.id = wj.worker_id and ${isAlive(aliveWithinSeconds)}
    left join busy on busy.worker_id = w.id
    group by wj.job_id
  )
  select j.id, j.room_id as "roomId", j.category, j.name,
    coalesce(staffing.workers, 0)::int as workers, coalesce(staffing.busy_workers, 0)::int as busy_workers,
    least(${countPending(sql`t.due`)} + ${countPending(sql`not t.due`)}, ${MAX_COUNTED}::int)::int as pending,
    (select count(*) from leased where leased.job_id = j.id)::int as running,
    -- Not greatest(age, 0), which returns 0 if the age is null.
    (select case when age < 0 then 0 else age end
      from (select extract(epoch from clock_timestamp() - ${selectOldestRunAt})::float8 as age) as a) as oldest_pending_seconds
  from jobs as j left join staffing on staffing.job_id = j.id
  order by j.created_at desc, j.id desc`;
