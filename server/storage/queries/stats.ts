import { type RawBuilder, sql } from "kysely";
import {
  GLOBAL_ROOM,
  type JobAddress,
  type JobStats,
  MAX_COUNTED,
  MAX_MEASURED_TASKS,
  MAX_POINTS,
  type RoomSummary,
} from "../../../protocol/index.ts";
import type { StatsStorage } from "../ports/storage.ts";
import { QUEUE_ORDER } from "../queue/queue-order.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatTimeInSql, isAlive } from "../sql/statement.ts";

const NO_ENDED_TASKS: EndedTasks = { completed: 0, failed: 0, cancelled: 0, wait: null, run: null };

export const createStatsStorage = ({ readRow, readRows }: Sessions): StatsStorage => ({
  async listRoomNames(limit) {
    const rows = await readRows(selectRoomNames(limit));
    return rows.map((row) => row.room_id);
  },

  async summarizeRooms(roomIds, aliveWithinSeconds) {
    return roomIds.length === 0 ? [] : readRows(selectSummaries(roomIds, aliveWithinSeconds));
  },

  async getStats(roomId, hours, aliveWithinSeconds) {
    const row = await readRow(selectFinishedTasks(roomId, hours));
    if (row === undefined) throw new Error("the query of the stats returned no row");
    const queues = roomId === undefined ? [] : await readRows(selectJobQueues(roomId, aliveWithinSeconds));
    const endedTasks: Readonly<Record<string, EndedTasks>> = JSON.parse(row.jobs);
    return {
      since: row.since,
      until: row.until,
      stepSeconds: row.step,
      jobs: queues.map(({ id, roomId: room, category, name, ...queue }) => ({
        job: { roomId: room, category, name },
        ...queue,
        ...(endedTasks[id] ?? NO_ENDED_TASKS),
      })),
      series: JSON.parse(row.steps),
    };
  },
});

/**
 * Selects the names of rooms that have jobs or tasks, in alphabetical order. Each step reads the
 * next name from an index, so the cost depends on the number of rooms, not on the number of tasks.
 */
const selectRoomNames = (limit: number) => sql<{ room_id: string }>`
  with recursive task_rooms as (
    (select room_id from joblib.task_listing order by room_id limit 1)
    union all
    select n.room_id from task_rooms cross join lateral (
      select l.room_id from joblib.task_listing as l where l.room_id > task_rooms.room_id order by l.room_id limit 1
    ) as n
  )
  select room_id from (
    (select room_id from task_rooms limit ${limit}::int)
    union
    select room_id from joblib.job where removed_at is null
  ) as rooms
  order by room_id limit ${limit}::int`;

const selectPending = (isDue: boolean) => sql`
  select t.room_id from joblib.task as t
  where t.job_id = j.id and t.status = 'pending' and ${isDue ? sql`t.due` : sql`not t.due`}
  limit ${MAX_COUNTED}::int`;

/**
 * Counts the jobs, workers and unfinished tasks of rooms. The tasks of a room's own job all belong
 * to this room. The tasks of a public job may belong to any room, so the room is looked up for each
 * of the first tasks in the job's queue.
 */
const selectSummaries = (roomIds: readonly string[], aliveWithinSeconds: number) => sql<RoomSummary>`
  with rooms as materialized (
    select r.room_id, r.ordinal
    from jsonb_array_elements_text(${JSON.stringify(roomIds)}::jsonb) with ordinality as r(room_id, ordinal)
  ),
  jobs as materialized (
    select j.id, j.room_id from joblib.job as j
    where j.removed_at is null and (j.room_id = ${GLOBAL_ROOM} or j.room_id in (select room_id from rooms))
  ),
  pending as materialized (
    select p.room_id, count(*) as tasks from jobs as j
    cross join lateral ((${selectPending(true)}) union all (${selectPending(false)})) as p
    group by p.room_id
  ),
  leased as materialized (
    select h.room_id, count(*) as tasks from (
      select t.room_id from joblib.task as t where t.status in ('claimed', 'running') limit ${sql.lit(MAX_LEASED_TASKS)}
    ) as h
    group by h.room_id
  )
  select rooms.room_id,
    (select count(*) from jobs where jobs.room_id = rooms.room_id)::int as jobs,
    (select count(distinct w.id) from jobs
      join joblib.worker_job as wj on wj.job_id = jobs.id
      join joblib.worker as w on w.id = wj.worker_id
      where jobs.room_id = rooms.room_id and ${isAlive(aliveWithinSeconds)})::int as workers,
    least(coalesce(pending.tasks, 0), ${MAX_COUNTED}::int)::int as pending,
    coalesce(leased.tasks, 0)::int as running
  from rooms
  left join pending on pending.room_id = rooms.room_id
  left join leased on leased.room_id = rooms.room_id
  order by rooms.ordinal`;

const MAX_JOBS = 500;
/**
 * Maximum number of claimed and running tasks that are read: as many as a hundred workers can have.
 */
const MAX_LEASED_TASKS = 10_000;

type JobQueueRow = JobAddress &
  Pick<JobStats, "workers" | "busy_workers" | "pending" | "running" | "oldest_pending_seconds"> & {
    readonly id: string;
  };

const countPending = (due: RawBuilder<unknown>) => sql`(
  select count(*) from (
    select from joblib.task as t where t.job_id = j.id and t.status = 'pending' and ${due}
    limit ${MAX_COUNTED}::int) as capped)`;

/**
 * Selects the time at which the oldest due task of the job `j` became due. That task is either the
 * first one of a priority, found by one index probe for each priority, or the first one whose
 * `run_at` has passed but whose `due` is not set yet.
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
const selectJobQueues = (roomId: string, aliveWithinSeconds: number): RawBuilder<JobQueueRow> => sql`
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
  job_workers as materialized (
    select wj.job_id, count(*) as workers, count(busy.worker_id) as busy_workers
    from jobs join joblib.worker_job as wj on wj.job_id = jobs.id
    join joblib.worker as w on w.id = wj.worker_id and ${isAlive(aliveWithinSeconds)}
    left join busy on busy.worker_id = w.id
    group by wj.job_id
  )
  select j.id, j.room_id as "roomId", j.category, j.name,
    coalesce(job_workers.workers, 0)::int as workers, coalesce(job_workers.busy_workers, 0)::int as busy_workers,
    least(${countPending(sql`t.due`)} + ${countPending(sql`not t.due`)}, ${MAX_COUNTED}::int)::int as pending,
    (select count(*) from leased where leased.job_id = j.id)::int as running,
    -- Not greatest(age, 0), which returns 0 if the age is null.
    (select case when age < 0 then 0 else age end
      from (select extract(epoch from clock_timestamp() - ${selectOldestRunAt})::float8 as age) as a) as oldest_pending_seconds
  from jobs as j left join job_workers on job_workers.job_id = j.id
  order by j.created_at desc, j.id desc`;

type EndedTasks = Pick<JobStats, "completed" | "failed" | "cancelled" | "wait" | "run">;

const toSeconds = (interval: RawBuilder<unknown>) => sql`extract(epoch from ${interval})::float8`;
const quantile = (fraction: number, value: RawBuilder<unknown>) =>
  sql`percentile_cont(${sql.lit(fraction)}) within group (order by ${value})`;
const quantiles = (value: RawBuilder<unknown>) => sql`
  case when count(${value}) > 0 then
    jsonb_build_object('p50', ${quantile(0.5, value)}, 'p95', ${quantile(0.95, value)}) end`;

const STATUS_COUNTS = sql`
  count(*) filter (where f.status = 'completed')::int as completed,
  count(*) filter (where f.status = 'failed')::int as failed,
  count(*) filter (where f.status = 'cancelled')::int as cancelled`;

/**
 * Maximum number of submitted tasks that are read. It is higher than the maximum for finished
 * tasks, so that a burst of 10,000 submits does not hide the hour before.
 */
const MAX_SUBMITTED = 100_000;

/**
 * Selects the newest tasks of a room from its list, or the newest tasks of all rooms by their ids,
 * which begin with the time (UUIDv7).
 */
const selectNewest = (roomId: string | undefined, limit: number) =>
  roomId === undefined
    ? sql`select t.id as task_id, t.created_at from joblib.task as t order by t.id desc limit ${sql.lit(limit)}`
    : sql`select p.task_id, p.created_at from joblib.task_listing as p where p.room_id = ${roomId}
        order by p.created_at desc, p.task_id desc limit ${sql.lit(limit)}`;

/**
 * Builds CTEs that read the tasks of the last hours, up to the limits. They read the tasks that
 * finished last from the index of completion times, which contains the tasks of all rooms. They
 * read the newest tasks of the room from the room's own list. The period begins later than
 * requested if there are too many submitted tasks, or if there are too many finished tasks and the
 * list does not contain all tasks of the room. Time steps are aligned to multiples of their length,
 * so that they do not move from one call to the next.
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

/**
 * The stats of the period from `since` to `until`. If there are too many tasks, `since` is later
 * than requested.
 */
interface FinishedTasksRow {
  readonly since: string;
  readonly until: string;
  readonly step: number;
  /** JSON of the ended tasks of each job, by job id. */
  readonly jobs: string;
  readonly steps: string;
}

/**
 * Computes the stats of a room or of all rooms, by job and by time step. Wait times include all
 * started tasks, and run times only completed ones, because the time until a failure does not
 * predict how long the next task takes.
 */
const selectFinishedTasks = (roomId: string | undefined, hours: number) => sql<FinishedTasksRow>`
  with ${buildCtes(roomId, hours)},
  finished_by_step as (
    select floor(${toSeconds(sql`f.completed_at - period.since`)} / period.step)::int as number, ${STATUS_COUNTS},
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
    select f.job_id, ${STATUS_COUNTS}, ${quantiles(sql`f.wait`)} as wait, ${quantiles(sql`f.run`)} as run
    from finished as f group by f.job_id
  )
  select ${formatTimeInSql(sql`period.since`)} as since, ${formatTimeInSql(sql`period.until`)} as until,
    period.step::float8 as step,
    coalesce((select jsonb_object_agg(job_id, to_jsonb(jobs) - 'job_id') from jobs), '{}')::text as jobs,
    coalesce((select jsonb_agg(steps order by steps.at) from steps), '[]')::text as steps
  from period`;
