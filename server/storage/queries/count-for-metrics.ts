import { sql } from "kysely";
import { GLOBAL_ROOM } from "../../../protocol/index.ts";
import type { QueueCounts } from "../ports/storage.ts";
import { QUEUE_ORDER } from "../queue/queue-order.ts";
import type { Sql } from "../sessions/orm.ts";
import { isAlive, readRow, readRows } from "../sql/statement.ts";

/** Maximum number of due tasks that are counted for each public job. */
const MAX_DUE_COUNTED = 100_000;
/**
 * Maximum number of due tasks that are counted in total; the same maximum applies to delayed tasks.
 */
const MAX_PENDING_COUNTED = 1_000_000;
/** Maximum number of public jobs that are reported separately, the oldest first. */
const MAX_JOBS_COUNTED = 50;
/** Maximum number of (job, priority) pairs. The statement reads the next task of each pair. */
const MAX_JOB_PRIORITIES = 5_000;

export async function countForMetrics(db: Sql, aliveWithinSeconds: number): Promise<QueueCounts> {
  const counts = await readRow(db, selectCounts(aliveWithinSeconds));
  if (counts === undefined) throw new Error("the count of the unfinished tasks returned no row");
  const { due, delayed, claimed, running, workersAlive } = counts;
  const rows = await readRows(db, selectQueueDepths);
  const jobs = rows.filter((row) => row.isReported);
  const reported = jobs.reduce((sum, job) => sum + job.due, 0);
  return {
    tasks: { pending: due + delayed, claimed, running },
    delayed,
    workersAlive,
    jobs,
    others: {
      // The counts come from different snapshots, so the difference may be negative.
      due: Math.max(0, due - reported),
      oldestSeconds: rows.find((row) => !row.isReported)?.oldestSeconds ?? null,
    },
  };
}

type CountsRow = Record<"due" | "delayed" | "claimed" | "running" | "workersAlive", number>;

/**
 * Counts the unfinished tasks by status. Each count reads a partial index that does not contain
 * finished tasks.
 */
const selectCounts = (aliveWithinSeconds: number) => sql<CountsRow>`
  select
    (select count(*) from (
      select 1 from joblib.task where status = 'pending' and due limit ${MAX_PENDING_COUNTED}) as d)::int as due,
    (select count(*) from (
      select 1 from joblib.task where status = 'pending' and not due limit ${MAX_PENDING_COUNTED}) as d
    )::int as delayed,
    (select count(*)::int from joblib.worker as w where ${isAlive(aliveWithinSeconds)}) as "workersAlive",
    leased.claimed, leased.running
  from (
    select count(*) filter (where status = 'claimed')::int as claimed,
      count(*) filter (where status = 'running')::int as running
    from joblib.task where status in ('claimed', 'running')
  ) as leased`;

interface QueueDepthRow {
  readonly isReported: boolean;
  readonly category: string;
  readonly name: string;
  readonly due: number;
  readonly oldestSeconds: number | null;
}

const selectNext = sql`select t.job_id, t.priority, t.run_at from joblib.task as t where t.status = 'pending' and t.due`;

/**
 * Reads the number and the age of the due tasks of each job. A skip scan over the index of due
 * tasks finds the next task of each priority of each job, so the cost depends on the number of jobs
 * and priorities, not on the backlog.
 */
const selectQueueDepths = sql<QueueDepthRow>`
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
    where head.ordinal < ${MAX_JOB_PRIORITIES}
  ),
  oldest as (
    select job_id, extract(epoch from clock_timestamp() - min(run_at))::float8 as seconds from head group by job_id
  ),
  reported as (
    select id, category, name from joblib.job
    where room_id = ${GLOBAL_ROOM} and removed_at is null order by created_at, id limit ${MAX_JOBS_COUNTED}
  )
  select true as "isReported", s.category, s.name, (
    select count(*) from (
      select 1 from joblib.task as t where t.job_id = s.id and t.status = 'pending' and t.due
      limit ${MAX_DUE_COUNTED}) as d
  )::int as due, o.seconds as "oldestSeconds"
  from reported as s left join oldest as o on o.job_id = s.id
  union all
  select false, '', '', 0, max(o.seconds) from oldest as o where o.job_id not in (select id from reported)`;
