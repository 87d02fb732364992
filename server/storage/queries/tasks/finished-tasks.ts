import { type RawBuilder, sql } from "kysely";
import { type JobStats, MAX_MEASURED_TASKS, MAX_POINTS } from "../../../../protocol/index.ts";
import { formatTimeInSql } from "../../sql/statement.ts";

export type EndedTasks = Pick<JobStats, "completed" | "failed" | "cancelled" | "wait" | "run">;

const toSeconds = (interval: RawBuilder<unknown>) => sql`extract(epoch from ${interval})::float8`;
const quantile = (fraction: number, value: RawBuilder<unknown>) =>
  sql`percentile_cont(${sql.lit(fraction)}) within group (order by ${value})`;
const quantiles = (value: RawBuilder<unknown>) => sql`
  case when count(${value}) > 0 then
    jsonb_build_object('p50', ${quantile(0.5, value)}, 'p95', ${quantile(0.95, value)}) end`;

const COUNTS = sql`
  count(*) filter (where f.status = 'completed')::int as completed,
  count(*) filter (where f.status = 'failed')::int as failed,
  count(*) filter (where f.status = 'cancelled')::int as cancelled`;

/** Maximum number of submitted tasks that are read. It is so high that 10,000 tasks do not hide the hour before them. */
const MAX_SUBMITTED = 100_000;

/** Selects the newest tasks of a room by its list, or those of all rooms by their ids, which begin with the time (UUIDv7). */
const selectNewest = (roomId: string | undefined, limit: number) =>
  roomId === undefined
    ? sql`select t.id as task_id, t.created_at from joblib.task as t order by t.id desc limit ${sql.lit(limit)}`
    : sql`select p.task_id, p.created_at from joblib.task_listing as p where p.room_id = ${roomId}
        order by p.created_at desc, p.task_id desc limit ${sql.lit(limit)}`;

/**
 * Builds CTEs that read the tasks of the last hours, as far as the limits allow: the tasks that finished last from the index
 * of completion times, which all rooms share, and the newest tasks of a room from its own list. The period begins later if
 * there are too many submitted tasks, or if there are too many finished tasks and the list does not contain all tasks of the
 * room. Steps are aligned to multiples of their length, so that they do not move from one call to the next.
 */
const buildCtes = (roomId: string | undefined, hours: number) => {
  const limit = sql.lit(MAX_MEASURED_TASKS);
  return sql`
    requested as materialized (
      select clock_timestamp() as until, clock_timestamp() - make_interval(hours => ${hours}::int) as since
    ),
    ended as materialized (
      select t.id, t.completed_at from joblib.task as t
      where t.completed_at >= (select since from requested) order by t.completed_at desc limit ${limit}
    ),
    listed as materialized (${selectNewest(roomId, MAX_MEASURED_TASKS)}),
    submitted as materialized (
      select * from (${selectNewest(roomId, MAX_SUBMITTED)}) as s where s.created_at >= (select since from requested)
    ),
    covered as materialized (
      select until, greatest(since,
        case when (select count(*) from submitted) = ${sql.lit(MAX_SUBMITTED)}
          then (select min(created_at) from submitted) end,
        case when (select count(*) from ended) = ${limit} and (select count(*) from listed) = ${limit}
          then (select min(completed_at) from ended) end
      ) as since from requested
    ),
    divided as materialized (
      select *, greatest(ceil(${toSeconds(sql`until - since`)} / ${sql.lit(MAX_POINTS)}), 1) as step from covered
    ),
    period as materialized (
      select until, step, case when aligned < until then aligned else since end as since from (
        select *, to_timestamp(ceil(${toSeconds(sql`since`)} / step) * step) as aligned from divided
      ) as p
    ),
    finished as materialized (
      select t.job_id, t.status, t.completed_at,
        case when t.started_at is not null then greatest(${toSeconds(sql`t.started_at - t.run_at`)}, 0) end as wait,
        case when t.status = 'completed' then ${toSeconds(sql`t.completed_at - t.started_at`)} end as run
      from (select id from ended union select task_id from listed) as found
      cross join lateral (select * from joblib.task as o where o.id = found.id limit 1) as t
      cross join period
      where ${roomId === undefined ? sql`true` : sql`t.room_id = ${roomId}`}
        and t.completed_at >= period.since and t.completed_at < period.until
    )`;
};

/** Stats of the period from `since` to `until`. If there are too many tasks, `since` is later than requested. */
interface FinishedTasksRow {
  readonly since: string;
  readonly until: string;
  readonly step: number;
  /** JSON: the ended tasks of each job, by the id of the job. */
  readonly jobs: string;
  /** JSON: a list of `StatsPoint`. */
  readonly steps: string;
}

/**
 * Computes the stats of a room or of all rooms, by job and by time step. Wait times include all started tasks, and run times
 * only completed ones, because the time until a failure does not predict how long the next task takes.
 */
export const selectFinishedTasks = (roomId: string | undefined, hours: number) => sql<FinishedTasksRow>`
  with ${buildCtes(roomId, hours)},
  finished_by_step as (
    select floor(${toSeconds(sql`f.completed_at - period.since`)} / period.step)::int as number, ${COUNTS},
      ${quantile(0.5, sql`f.wait`)} as wait_p50, ${quantile(0.5, sql`f.run`)} as run_p50
    from finished as f cross join period group by number
  ),
  submitted_by_step as (
    select floor(${toSeconds(sql`s.created_at - period.since`)} / period.step)::int as number, count(*)::int as submitted
    from submitted as s cross join period
    where s.created_at >= period.since and s.created_at < period.until group by number
  ),
  steps as (
    select ${formatTimeInSql(sql`period.since + make_interval(secs => n.number * period.step)`)} as at,
      coalesce(s.submitted, 0) as submitted, coalesce(f.completed, 0) as completed,
      coalesce(f.failed, 0) as failed, coalesce(f.cancelled, 0) as cancelled, f.wait_p50, f.run_p50
    from period
    cross join lateral generate_series(0, ceil(${toSeconds(sql`period.until - period.since`)} / period.step)::int - 1)
      as n(number)
    left join finished_by_step as f on f.number = n.number left join submitted_by_step as s on s.number = n.number
  ),
  jobs as (
    select f.job_id, ${COUNTS}, ${quantiles(sql`f.wait`)} as wait, ${quantiles(sql`f.run`)} as run
    from finished as f group by f.job_id
  )
  select ${formatTimeInSql(sql`period.since`)} as since, ${formatTimeInSql(sql`period.until`)} as until,
    period.step::float8 as step,
    coalesce((select jsonb_object_agg(job_id, to_jsonb(jobs) - 'job_id') from jobs), '{}')::text as jobs,
    coalesce((select jsonb_agg(steps order by steps.at) from steps), '[]')::text as steps
  from period`;
