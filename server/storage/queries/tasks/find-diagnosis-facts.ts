import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";
import { isAlive } from "../workers/is-alive.ts";
import { QUEUE_ORDER } from "./queue-order.ts";

/**
 * Maximum number of earlier tasks of the same room and job that are read to estimate the run time of a task.
 */
const MAX_COMPARED_TASKS = 200;
/** Maximum number of the job's workers that are read. */
const MAX_WORKERS = 1_000;

/** Facts about a task's job, its workers and its previous tasks. */
export interface DiagnosisFactsRow {
  workers: number;
  busy_workers: number;
  leased_tasks: number;
  draining: number;
  last_activity_at: string | null;
  median_run_seconds: number | null;
  job_removed: boolean;
  claimed_at: string | null;
  worker_name: string | null;
}

/**
 * Reads which workers can run a task, which worker has its lease, and how long previous tasks of the job
 * took.
 */
export const findDiagnosisFacts = async (db: Sql, taskId: string, aliveWithinSeconds: number) => {
  const { rows } = await sql<DiagnosisFactsRow>`
    with requested as materialized (
      select t.id, t.job_id, t.room_id, t.claimed_at, t.worker_id from joblib.task as t where t.id = ${taskId}::uuid
    ),
    workers as materialized (
      select w.last_heartbeat, ${isAlive(aliveWithinSeconds)} as alive, (
        select count(*) from joblib.task as h where h.worker_id = w.id and h.status in ('claimed', 'running')
      ) as leased_tasks
      from (
        select wj.worker_id from requested join joblib.worker_job as wj on wj.job_id = requested.job_id
        limit ${sql.lit(MAX_WORKERS)}
      ) as linked
      join joblib.worker as w on w.id = linked.worker_id
    ),
    head as materialized (
      select coalesce((
        select t.created_at from joblib.task as t
        where t.job_id = (select job_id from requested) and t.status = 'pending' and t.due
        order by ${QUEUE_ORDER} limit 1
      ), now()) as created_at
    ),
    previous as materialized (
      select s.status, s.started_at, s.completed_at
      from requested cross join head
      cross join lateral (
        select p.task_id from joblib.task_listing as p
        where p.job_id = requested.job_id and p.room_id = requested.room_id and p.created_at <= head.created_at
        order by p.created_at desc, p.task_id desc limit ${sql.lit(MAX_COMPARED_TASKS)}
      ) as p
      cross join lateral (select * from joblib.task as o where o.id = p.task_id limit 1) as s
      where s.started_at is not null
    )
    select
      (select count(*) from workers where alive)::int as workers,
      (select count(*) from workers where alive and leased_tasks > 0)::int as busy_workers,
      (select coalesce(sum(leased_tasks), 0) from workers where alive)::int as leased_tasks,
      (select count(*) from joblib.worker as w
        where w.drained_jobs ? requested.job_id::text and ${isAlive(aliveWithinSeconds)})::int as draining,
      greatest(
        (select max(last_heartbeat) from workers),
        (select max(coalesce(completed_at, started_at)) from previous))::text as last_activity_at,
      (select percentile_cont(0.5) within group (order by extract(epoch from completed_at - started_at)::float8)
        from previous where status = 'completed') as median_run_seconds,
      (select j.removed_at is not null from joblib.job as j where j.id = requested.job_id) as job_removed,
      requested.claimed_at::text as claimed_at,
      (select w.name from joblib.worker as w where w.id = requested.worker_id) as worker_name
    from requested`.execute(db);
  return rows[0];
};
