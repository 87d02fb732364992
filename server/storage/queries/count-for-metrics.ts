import { sql } from "kysely";
import { GLOBAL_ROOM } from "../../../protocol/index.ts";
import { MAX_DUE_COUNTED, MAX_JOBS_COUNTED, MAX_PENDING_COUNTED, type QueueCounts } from "../queue-counts.ts";
import type { Sql } from "../sessions.ts";
import { isAlive } from "./is-alive.ts";
import { QUEUE_ORDER } from "./queue-order.ts";

/** Jobs and priorities whose next tasks are looked at. */
const MAX_HEADS = 5_000;

/** Open tasks by status, counted by their partial indexes: the history does not matter. */
const countOpenTasks = async (db: Sql) => {
  const { rows } = await sql<{ due: number; delayed: number; claimed: number; running: number }>`
    select
      (select count(*) from (
        select 1 from joblib.task where status = 'pending' and due limit ${MAX_PENDING_COUNTED}) as d)::int as due,
      (select count(*) from (
        select 1 from joblib.task where status = 'pending' and not due limit ${MAX_PENDING_COUNTED}) as d
      )::int as delayed,
      held.claimed, held.running
    from (
      select count(*) filter (where status = 'claimed')::int as claimed,
        count(*) filter (where status = 'running')::int as running
      from joblib.task where status in ('claimed', 'running')
    ) as held`.execute(db);
  return { due: 0, delayed: 0, claimed: 0, running: 0, ...rows[0] };
};

/** Workers with a sign of life within the threshold. */
const countWorkersAlive = async (db: Sql, withinSeconds: number): Promise<number> => {
  const { rows } = await sql<{ alive: number }>`
    select count(*)::int as alive from joblib.worker as w where ${isAlive(withinSeconds)}`.execute(db);
  return rows[0]?.alive ?? 0;
};

interface DepthRow {
  /** Null in the one row for all the others. */
  category: string | null;
  name: string | null;
  due: number | null;
  oldest_seconds: number | null;
}

const next = sql`select t.job_id, t.priority, t.run_at from joblib.task as t where t.status = 'pending' and t.due`;

/**
 * The next task of each priority of each job, found by steps over the index of due tasks: a backlog costs no more than its
 * jobs and priorities do.
 */
const depths = async (db: Sql): Promise<DepthRow[]> => {
  const { rows } = await sql<DepthRow>`
    with recursive head as (
      (select h.*, 1 as nth from (${next} order by t.job_id, ${QUEUE_ORDER} limit 1) as h)
      union all
      select h.job_id, h.priority, h.run_at, head.nth + 1 from head cross join lateral (
        select * from (
          (select 1 as way, h.* from (
            ${next} and t.job_id = head.job_id and t.priority < head.priority
            order by t.job_id, ${QUEUE_ORDER} limit 1) as h)
          union all
          (select 2 as way, h.* from (
            ${next} and t.job_id > head.job_id order by t.job_id, ${QUEUE_ORDER} limit 1) as h)
        ) as ways order by way limit 1
      ) as h
      where head.nth < ${MAX_HEADS}
    ),
    oldest as (
      select job_id, extract(epoch from clock_timestamp() - min(run_at))::float8 as seconds from head group by job_id
    ),
    shown as (
      select id, category, name from joblib.job
      where room_id = ${GLOBAL_ROOM} and removed_at is null order by created_at, id limit ${MAX_JOBS_COUNTED}
    )
    select s.category, s.name, o.seconds as oldest_seconds, (
      select count(*) from (
        select 1 from joblib.task as t where t.job_id = s.id and t.status = 'pending' and t.due
        limit ${MAX_DUE_COUNTED}) as d
    )::int as due
    from shown as s left join oldest as o on o.job_id = s.id
    union all
    select null, null, max(o.seconds), null from oldest as o where o.job_id not in (select id from shown)`.execute(
    db,
  );
  return rows;
};

/** All that `/metrics` tells of the database; each count has a bound. */
export const countForMetrics = async (db: Sql, aliveWithinSeconds: number): Promise<QueueCounts> => {
  const { due, delayed, claimed, running } = await countOpenTasks(db);
  const workersAlive = await countWorkersAlive(db, aliveWithinSeconds);
  const rows = await depths(db);
  const jobs = rows.flatMap(({ category, name, due: own, oldest_seconds: oldestSeconds }) =>
    category === null || name === null ? [] : [{ category, name, due: own ?? 0, oldestSeconds }],
  );
  const shown = jobs.reduce((sum, job) => sum + job.due, 0);
  return {
    tasks: { pending: due + delayed, claimed, running },
    delayed,
    workersAlive,
    jobs,
    others: {
      // The counts are a moment apart.
      due: Math.max(0, due - shown),
      oldestSeconds: rows.find(({ category }) => category === null)?.oldest_seconds ?? null,
    },
  };
};
