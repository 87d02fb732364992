import { sql } from "kysely";
import type { Sql } from "../sessions.ts";
import { isAlive } from "./is-alive.ts";
import { QUEUE_ORDER } from "./queue-order.ts";

/** The room's last tasks of the job before those that wait, from which it is told how long one takes. */
const MAX_COMPARED_TASKS = 200;
/** Workers of the job that are looked at. */
const MAX_WORKERS = 1_000;

/** What surrounds a task. */
export interface DiagnosisFactsRow {
  workers: number;
  busy_workers: number;
  holding: number;
  draining: number;
  last_activity_at: string | null;
  median_run_seconds: number | null;
  job_removed: boolean;
  claimed_at: string | null;
  worker_name: string | null;
}

/** Who could take a task, who holds it, and how long its like took. */
export const findDiagnosisFacts = async (db: Sql, taskId: string, aliveWithinSeconds: number) => {
  const { rows } = await sql<DiagnosisFactsRow>`
    with asked as materialized (
      select t.id, t.job_id, t.room_id, t.claimed_at, t.worker_id from joblib.task as t where t.id = ${taskId}::uuid
    ),
    staff as materialized (
      select w.last_heartbeat, ${isAlive(aliveWithinSeconds)} as alive, (
        select count(*) from joblib.task as h where h.worker_id = w.id and h.status in ('claimed', 'running')
      ) as held
      from (
        select wj.worker_id from asked join joblib.worker_job as wj on wj.job_id = asked.job_id
        limit ${sql.lit(MAX_WORKERS)}
      ) as linked
      join joblib.worker as w on w.id = linked.worker_id
    ),
    head as materialized (
      select coalesce((
        select t.created_at from joblib.task as t
        where t.job_id = (select job_id from asked) and t.status = 'pending' and t.due
        order by ${QUEUE_ORDER} limit 1
      ), now()) as created_at
    ),
    alike as materialized (
      select s.status, s.started_at, s.completed_at
      from asked cross join head
      cross join lateral (
        select p.task_id from joblib.task_place as p
        where p.job_id = asked.job_id and p.room_id = asked.room_id and p.created_at <= head.created_at
        order by p.created_at desc, p.task_id desc limit ${sql.lit(MAX_COMPARED_TASKS)}
      ) as p
      cross join lateral (select * from joblib.task as o where o.id = p.task_id limit 1) as s
      where s.started_at is not null
    )
    select
      (select count(*) from staff where alive)::int as workers,
      (select count(*) from staff where alive and held > 0)::int as busy_workers,
      (select coalesce(sum(held), 0) from staff where alive)::int as holding,
      (select count(*) from joblib.worker as w
        where w.drained_jobs ? asked.job_id::text and ${isAlive(aliveWithinSeconds)})::int as draining,
      greatest(
        (select max(last_heartbeat) from staff),
        (select max(coalesce(completed_at, started_at)) from alike))::text as last_heard,
      (select percentile_cont(0.5) within group (order by extract(epoch from completed_at - started_at)::float8)
        from alike where status = 'completed') as median_run,
      (select j.removed_at is not null from joblib.job as j where j.id = asked.job_id) as job_gone,
      asked.claimed_at::text as claimed_at,
      (select w.name from joblib.worker as w where w.id = asked.worker_id) as worker_name
    from asked`.execute(db);
  return rows[0];
};
