import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import type { NewTask } from "../storage.ts";
import { isAlive } from "./alive.ts";

/** A task with how many live workers could take it. */
export type SubmittedRow = TaskRow & { workers_online: number };

const asInput = (task: NewTask, order: number) => ({
  order,
  id: task.id,
  job_id: task.jobId,
  schema_hash: task.schemaHash,
  room_id: task.roomId,
  created_by_id: task.createdById,
  payload: task.payload,
  priority: task.priority,
  max_attempts: task.maxAttempts,
  backoff: task.backoff,
  timeout_seconds: task.timeoutSeconds,
  run_at: "at" in task.start ? task.start.at : null,
  in_seconds: "inSeconds" in task.start ? task.start.inSeconds : null,
  idempotency_key: task.idempotency?.key ?? null,
  request_hash: task.idempotency?.requestHash ?? null,
});

/**
 * Inserts all the tasks in their order, or none where a job is gone or has another schema; leaves out those whose
 * key is taken. The jobs are locked, in one order for all, so that none is removed under the insert.
 */
export const insertTasks = async (db: Sql, tasks: readonly NewTask[], aliveWithinSeconds: number) => {
  const { rows } = await sql<SubmittedRow>`
    with input as materialized (
      select i.*, coalesce(i.run_at, now() + make_interval(secs => greatest(i.in_seconds, 0))) as starts_at
      from jsonb_to_recordset(${JSON.stringify(tasks.map(asInput))}::jsonb) as i(
        "order" integer, id uuid, job_id uuid, schema_hash text, room_id text, created_by_id text, payload jsonb,
        priority integer, max_attempts integer, backoff jsonb, timeout_seconds float8, run_at timestamptz,
        in_seconds float8, idempotency_key text, request_hash text)
    ),
    asked as materialized (select distinct job_id, schema_hash from input),
    held as materialized (
      select j.id from joblib.job as j
      join asked on asked.job_id = j.id and asked.schema_hash = j.schema_hash
      where j.removed_at is null order by j.id
      for key share of j
    ),
    inserted as (
      insert into joblib.task (id, job_id, room_id, created_by_id, payload, priority, max_attempts, backoff,
        timeout_seconds, run_at, due, idempotency_key, request_hash)
      select i.id, i.job_id, i.room_id, i.created_by_id, i.payload, i.priority, i.max_attempts, i.backoff,
        i.timeout_seconds, i.starts_at, i.starts_at <= now(), i.idempotency_key, i.request_hash
      from input as i
      where (select count(*) from held) = (select count(*) from asked)
      order by i."order"
      on conflict (created_by_id, room_id, idempotency_key) where idempotency_key is not null do nothing
      returning *
    ),
    online as materialized (
      select wj.job_id, count(*)::int as workers from held
      join joblib.worker_job as wj on wj.job_id = held.id
      join joblib.worker as w on w.id = wj.worker_id
      where ${isAlive(aliveWithinSeconds)} group by wj.job_id
    )
    ${selectTasks("inserted", sql`, coalesce((select o.workers from online as o where o.job_id = t.job_id), 0) as workers_online`)}
    order by t.number`.execute(db);
  return rows;
};
