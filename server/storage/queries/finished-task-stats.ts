import { type RawBuilder, sql } from "kysely";
import { MAX_MEASURED_TASKS, MAX_POINTS } from "../../../protocol/index.ts";
import type { Sql } from "../sessions.ts";

/** What came of tasks, of one job or in one step. */
export interface FinishedTaskStatsRow {
  completed: number;
  failed: number;
  cancelled: number;
  wait_p50: number | null;
  wait_p95: number | null;
  run_p50: number | null;
  run_p95: number | null;
}

/** What came of a job's tasks. */
export type FinishedJobStatsRow = FinishedTaskStatsRow & { job_id: string };
/** What happened in one step. */
export type StatsStepRow = FinishedTaskStatsRow & { at: string; submitted: number };

/** The measured time, whole from `since` on. */
export interface FinishedTaskStats {
  readonly since: string;
  readonly until: string;
  readonly stepSeconds: number;
  readonly jobs: readonly FinishedJobStatsRow[];
  readonly steps: readonly StatsStepRow[];
}

const seconds = (of: RawBuilder<unknown>) => sql`extract(epoch from ${of})::float8`;
const quantile = (share: number, of: RawBuilder<unknown>) =>
  sql`percentile_cont(${sql.lit(share)}) within group (order by ${of})`;

/** Waits are of all that were started, runs of those that were completed: how long a failure takes says nothing of the next. */
const FINISHED = sql`
  count(*) filter (where f.status = 'completed')::int as completed,
  count(*) filter (where f.status = 'failed')::int as failed,
  count(*) filter (where f.status = 'cancelled')::int as cancelled,
  ${quantile(0.5, sql`f.wait`)} as wait_p50, ${quantile(0.95, sql`f.wait`)} as wait_p95,
  ${quantile(0.5, sql`f.run`)} as run_p50, ${quantile(0.95, sql`f.run`)} as run_p95`;

/** Submits are counted further than ends are read: one of 10,000 at once must not hide the hour before it. */
const MAX_SUBMITTED = 100_000;

/** The newest submits: of a room by its list, of all by their ids, which are made of the time (UUIDv7). */
const newest = (roomId: string | undefined, most: number) =>
  roomId === undefined
    ? sql`select t.id as task_id, t.created_at from joblib.task as t order by t.id desc limit ${sql.lit(most)}`
    : sql`select p.task_id, p.created_at from joblib.task_place as p where p.room_id = ${roomId}
        order by p.created_at desc, p.task_id desc limit ${sql.lit(most)}`;

/**
 * What happened in the last hours, of the newest tasks that fit the bounds. Those that ended last are found by the index
 * of all rooms' ends, those of a room that is one of many by its own list: a task counts that either finds. The time
 * begins later where the submits are too many, or the ends are and the list is not the room's whole. Steps lie where
 * they lay when it was last asked.
 */
const measured = (roomId: string | undefined, hours: number) => {
  const most = sql.lit(MAX_MEASURED_TASKS);
  return sql`
    times as materialized (
      select clock_timestamp() as until, clock_timestamp() - make_interval(hours => ${hours}::int) as since
    ),
    ended as materialized (
      select t.id, t.completed_at from joblib.task as t
      where t.completed_at >= (select since from times) order by t.completed_at desc limit ${most}
    ),
    listed as materialized (${newest(roomId, MAX_MEASURED_TASKS)}),
    submitted as materialized (
      select * from (${newest(roomId, MAX_SUBMITTED)}) as s where s.created_at >= (select since from times)
    ),
    span as materialized (
      select until, greatest(since,
        case when (select count(*) from submitted) = ${sql.lit(MAX_SUBMITTED)}
          then (select min(created_at) from submitted) end,
        case when (select count(*) from ended) = ${most} and (select count(*) from listed) = ${most}
          then (select min(completed_at) from ended) end
      ) as since from times
    ),
    paced as materialized (
      select *, greatest(ceil(${seconds(sql`until - since`)} / ${sql.lit(MAX_POINTS)}), 1) as step from span
    ),
    pace as materialized (
      select until, step, case when aligned < until then aligned else since end as since from (
        select *, to_timestamp(ceil(${seconds(sql`since`)} / step) * step) as aligned from paced
      ) as p
    ),
    finished as materialized (
      select t.job_id, t.status, t.completed_at,
        case when t.started_at is not null then greatest(${seconds(sql`t.started_at - t.run_at`)}, 0) end as wait,
        case when t.status = 'completed' then ${seconds(sql`t.completed_at - t.started_at`)} end as run
      from (select id from ended union select task_id from listed) as seen
      cross join lateral (select * from joblib.task as o where o.id = seen.id limit 1) as t
      cross join pace
      where ${roomId === undefined ? sql`true` : sql`t.room_id = ${roomId}`}
        and t.completed_at >= pace.since and t.completed_at < pace.until
    )`;
};

/** Figures by job and by step, of a room or of all. */
export const findFinishedTaskStats = async (
  db: Sql,
  roomId: string | undefined,
  hours: number,
): Promise<FinishedTaskStats> => {
  const { rows } = await sql<{
    since: string;
    until: string;
    step: number;
    jobs: string;
    steps: string;
  }>`
    with ${measured(roomId, hours)},
    ends as (
      select floor(${seconds(sql`f.completed_at - pace.since`)} / pace.step)::int as nth, ${FINISHED}
      from finished as f cross join pace group by nth
    ),
    begins as (
      select floor(${seconds(sql`s.created_at - pace.since`)} / pace.step)::int as nth, count(*)::int as submitted
      from submitted as s cross join pace where s.created_at >= pace.since and s.created_at < pace.until group by nth
    ),
    steps as (
      select pace.since + make_interval(secs => n.nth * pace.step) as at, coalesce(begins.submitted, 0) as submitted,
        coalesce(ends.completed, 0) as completed, coalesce(ends.failed, 0) as failed,
        coalesce(ends.cancelled, 0) as cancelled, ends.wait_p50, ends.wait_p95, ends.run_p50, ends.run_p95
      from pace
      cross join lateral generate_series(0, ceil(${seconds(sql`pace.until - pace.since`)} / pace.step)::int - 1) as n(nth)
      left join ends on ends.nth = n.nth left join begins on begins.nth = n.nth
    ),
    jobs as (select f.job_id, ${FINISHED} from finished as f group by f.job_id)
    select pace.since::text as since, pace.until::text as until, pace.step::float8 as step,
      coalesce((select jsonb_agg(jobs) from jobs), '[]')::text as jobs,
      coalesce((select jsonb_agg(steps order by steps.at) from steps), '[]')::text as steps
    from pace`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error("the figures came to no row");
  return {
    since: row.since,
    until: row.until,
    stepSeconds: row.step,
    jobs: JSON.parse(row.jobs),
    steps: JSON.parse(row.steps),
  };
};
