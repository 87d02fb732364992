import { sql } from "kysely";
import { isUuid } from "../ids.ts";
import type { AttemptHistory, DiagnosisFacts, DiagnosisStorage } from "../ports/diagnosis.ts";
import { QUEUE_ORDER } from "../queue/queue-order.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatTimeInSql, isAlive } from "../sql/statement.ts";

/**
 * Maximum number of earlier tasks of the same room and job that are read to estimate the run time
 * of a task.
 */
const MAX_COMPARED_TASKS = 200;
const MAX_COUNTED_WORKERS = 1_000;

type AttemptsRow = Omit<AttemptHistory, "errors" | "lateResults" | "workerNames"> & {
  readonly errors: string;
  readonly lateResults: string;
  readonly workerNames: string;
};

export const createDiagnosisStorage = ({ readRow }: Sessions): DiagnosisStorage => ({
  async findFacts(taskId, aliveWithinSeconds) {
    return isUuid(taskId) ? readRow(selectFacts(taskId, aliveWithinSeconds)) : undefined;
  },

  async findAttempts(taskId) {
    const row = isUuid(taskId) ? await readRow(selectAttempts(taskId)) : undefined;
    return (
      row && {
        ...row,
        errors: JSON.parse(row.errors),
        lateResults: JSON.parse(row.lateResults),
        workerNames: new Map(JSON.parse(row.workerNames)),
      }
    );
  },
});

const selectFacts = (taskId: string, aliveWithinSeconds: number) => sql<DiagnosisFacts>`
  with requested as materialized (
    select t.id, t.job_id, t.room_id, t.claimed_at, t.worker_id from joblib.task as t where t.id = ${taskId}::uuid
  ),
  workers as materialized (
    select w.last_heartbeat, ${isAlive(aliveWithinSeconds)} as alive, (
      select count(*) from joblib.task as h where h.worker_id = w.id and h.status in ('claimed', 'running')
    ) as leased_tasks
    from (
      select wj.worker_id from requested join joblib.worker_job as wj on wj.job_id = requested.job_id
      limit ${sql.lit(MAX_COUNTED_WORKERS)}
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
    (select count(*) from workers where alive and leased_tasks > 0)::int as "busyWorkers",
    (select coalesce(sum(leased_tasks), 0) from workers where alive)::int as "leasedTasks",
    (select count(*) from joblib.worker as w
      where w.drained_jobs ? requested.job_id::text and ${isAlive(aliveWithinSeconds)})::int as "drainingWorkers",
    ${formatTimeInSql(sql`greatest(
      (select max(last_heartbeat) from workers),
      (select max(coalesce(completed_at, started_at)) from previous))`)} as "lastActiveAt",
    (select percentile_cont(0.5) within group (order by extract(epoch from completed_at - started_at)::float8)
      from previous where status = 'completed') as "medianRunSeconds",
    (select j.removed_at is not null from joblib.job as j where j.id = requested.job_id) as "isJobRemoved",
    ${formatTimeInSql(sql`requested.claimed_at`)} as "claimedAt",
    (select w.name from joblib.worker as w where w.id = requested.worker_id) as "workerName"
  from requested`;

const selectAttempts = (taskId: string) => sql<AttemptsRow>`
  with requested as materialized (select * from joblib.task where id = ${taskId}::uuid)
  select t.status, t.attempt, t.worker_id as "workerId", ${formatTimeInSql(sql`t.claimed_at`)} as "claimedAt",
    ${formatTimeInSql(sql`t.started_at`)} as "startedAt", ${formatTimeInSql(sql`t.completed_at`)} as "completedAt",
    t.error, t.errors::text as errors, t.ended_lease_worker_id as "endedLeaseWorkerId",
    t.ended_lease_reason as "endedLeaseReason",
    coalesce((
      select jsonb_agg(jsonb_build_object('attempt', l.attempt, 'workerId', l.worker_id))
      from joblib.late_result as l where l.task_id = t.id
    ), '[]')::text as "lateResults",
    coalesce((
      select jsonb_agg(jsonb_build_array(w.id, w.name)) from joblib.worker as w
      where w.name is not null and w.id in (
        select t.worker_id union select t.ended_lease_worker_id
        union select (e.entry ->> 'worker_id')::uuid from jsonb_array_elements(t.errors) as e(entry))
    ), '[]')::text as "workerNames"
  from requested as t`;
