import { sql } from "kysely";
import { GLOBAL_ROOM } from "../../../protocol/index.ts";
import {
  MAX_DUE_COUNTED,
  MAX_JOBS_COUNTED,
  MAX_PENDING_COUNTED,
  type QueueCounts,
} from "../ports/queue-counts.ts";
import type { Sql } from "../sessions/orm.ts";
import { QUEUE_ORDER } from "./tasks/queue-order.ts";
import { isAlive } from "./workers/is-alive.ts";

/** Maximum number of (job, priority) pairs. The statement reads the next task of each pair. */
const MAX_HEADS = 5_000;

/** Counts the open tasks by status. Each count reads a partial index, so finished tasks cost nothing. */
const countOpenTasks = async (db: Sql) => {
  const { rows } = await sql<{ due: number; delayed: number; claimed: number; running: number }>`
    select
      (select count(*) from (
        select 1 from joblib.task where status = 'pending' and due limit ${MAX_PENDING_COUNTED}) as d)::int as due,
      (select count(*) from (
        select 1 from joblib.task where status = 'pending' and not due limit ${MAX_PENDING_COUNTED}) as d
      )::int as delayed,
      leased.claimed, leased.running
    from (
      select count(*) filter (where status = 'claimed')::int as claimed,
        count(*) filter (where status = 'running')::int as running
      from joblib.task where status in ('claimed', 'running')
    ) as leased`.execute(db);
  return { due: 0, delayed: 0, claimed: 0, running: 0, ...rows[0] };
};

/** Counts the workers whose last heartbeat is at most this old. */
const countAliveWorkers = async (db: Sql, withinSeconds: number): Promise<number> => {
  const { rows } = await sql<{ alive: number }>`
    select count(*)::int as alive from joblib.worker as w where ${isAlive(withinSeconds)}`.execute(db);
  return rows[0]?.alive ?? 0;
};

interface QueueDepthRow {
  /** The category; like `name`, it is null in the row that summarizes all other jobs. */
  category: string | null;
  name: string | null;
  due: number | null;
  oldest_seconds: number | null;
}

const selectNext = sql`select t.job_id, t.priority, t.run_at from joblib.task as t where t.status = 'pending' and t.due`;

/**
 * Reads the number and the age of the due tasks of each job. The next task of each priority of each job is
 * found by a skip scan over the index of due tasks, so the cost depends on the number of jobs and priorities,
 * not on the backlog.
 */
const readQueueDepths = async (db: Sql): Promise<QueueDepthRow[]> => {
  const { rows } = await sql<QueueDepthRow>`
    with recursive head as (
      (select h.*, 1 as ordinal from (${selectNext} order by t.job_id, ${QUEUE_ORDER} limit 1) as h)
      union all
      select h.job_id, h.priority, h.run_at, head.ordinal + 1 from head cross join lateral (
        select * from (
          (select 1 as preference, h.* from (
            ${selectNext} and t.job_id = head.job_id and t.priority < head.priority
            order by t.job_id, ${QUEUE_ORDER} limit 1) as h)
          union all
          (select 2 as preference, h.* from (
            ${selectNext} and t.job_id > head.job_id order by t.job_id, ${QUEUE_ORDER} limit 1) as h)
        ) as following order by preference limit 1
      ) as h
      where head.ordinal < ${MAX_HEADS}
    ),
    oldest as (
      select job_id, extract(epoch from clock_timestamp() - min(run_at))::float8 as seconds from head group by job_id
    ),
    reported as (
      select id, category, name from joblib.job
      where room_id = ${GLOBAL_ROOM} and removed_at is null order by created_at, id limit ${MAX_JOBS_COUNTED}
    )
    select s.category, s.name, o.seconds as oldest_seconds, (
      select count(*) from (
        select 1 from joblib.task as t where t.job_id = s.id and t.status = 'pending' and t.due
        limit ${MAX_DUE_COUNTED}) as d
    )::int as due
    from reported as s left join oldest as o on o.job_id = s.id
    union all
    select null, null, max(o.seconds), null from oldest as o where o.job_id not in (select id from reported)`.execute(
    db,
  );
  return rows;
};

/**
 * Reads everything that `/metrics` reports about the database. The counts of pending tasks have a maximum.
 */
export const countForMetrics = async (db: Sql, aliveWithinSeconds: number): Promise<QueueCounts> => {
  const { due, delayed, claimed, running } = await countOpenTasks(db);
  const workersAlive = await countAliveWorkers(db, aliveWithinSeconds);
  const rows = await readQueueDepths(db);
  const jobs = rows.flatMap(({ category, name, due: dueOfJob, oldest_seconds: oldestSeconds }) =>
    category === null || name === null ? [] : [{ category, name, due: dueOfJob ?? 0, oldestSeconds }],
  );
  const reported = jobs.reduce((sum, job) => sum + job.due, 0);
  return {
    tasks: { pending: due + delayed, claimed, running },
    delayed,
    workersAlive,
    jobs,
    others: {
      // The counts come from different snapshots, so the difference may be negative.
      due: Math.max(0, due - reported),
      oldestSeconds: rows.find(({ category }) => category === null)?.oldest_seconds ?? null,
    },
  };
};
