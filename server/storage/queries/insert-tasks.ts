import { sql } from "kysely";
import type { Sql } from "../sessions.ts";
import type { NewTask } from "../storage.ts";
import { isAlive } from "./alive.ts";
import { numbers, turns } from "./room-turns.ts";
import { statement } from "./statement.ts";

/** What of a new task only the database knows, and how many live workers could take it. */
export interface InsertedRow {
  id: string;
  run_at: string | Date;
  created_at: string | Date;
  job_room_id: string;
  job_category: string;
  job_name: string;
  workers_online: number;
}

const asInput = (task: NewTask, order: number) => ({
  order,
  id: task.id,
  job_id: task.jobId,
  schema_hash: task.schemaHash,
  job_version: task.jobVersion ?? null,
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

/** One request's tasks as `insertTasks` takes them. */
export const insertText = (tasks: readonly NewTask[]): string => JSON.stringify(tasks.map(asInput));

/**
 * Inserts many requests' tasks in their order: all of a request, or none where a job of its own is gone or is not as
 * it was seen; leaves out those whose key is taken. The jobs are locked, in one order for all, so that none is removed under
 * the insert. What the caller knows is not sent back.
 */
const insertWith = (hasTurns: boolean) =>
  statement<InsertedRow, [requests: string, aliveWithinSeconds: number]>(
    (requests, aliveWithinSeconds) => sql`
    with input as materialized (
      select r.place, i.*, coalesce(i.run_at, now() + make_interval(secs => greatest(i.in_seconds, 0))) as starts_at
      from jsonb_array_elements(${requests}::jsonb) with ordinality as r(tasks, place)
      cross join lateral jsonb_to_recordset(r.tasks) as i(
        "order" integer, id uuid, job_id uuid, schema_hash text, job_version text, room_id text, created_by_id text, payload jsonb,
        priority integer, max_attempts integer, backoff jsonb, timeout_seconds float8, run_at timestamptz,
        in_seconds float8, idempotency_key text, request_hash text)
    ),
    held as materialized (
      select j.* from (select distinct job_id from input order by job_id) as asked
      cross join lateral (
        select id, schema_hash, xmin::text as version, room_id, category, name, fairness, removed_at from joblib.job
        where id = asked.job_id limit 1 for key share
      ) as j
      where j.removed_at is null
    ),
    changed as materialized (
      select distinct i.place from input as i
      where not exists (
        select 1 from held where held.id = i.job_id and held.schema_hash = i.schema_hash
          and (i.job_version is null or held.version = i.job_version))
    ),
    accepted as materialized (
      select * from input where place not in (select place from changed) order by place, "order"
    ),
    ${hasTurns ? turns : sql``}
    inserted as (
      insert into joblib.task (id, job_id, room_id, created_by_id, payload, priority, max_attempts, backoff,
        timeout_seconds, run_at, due, idempotency_key, request_hash, number)
      select i.id, i.job_id, i.room_id, i.created_by_id, i.payload, i.priority, i.max_attempts, i.backoff,
        i.timeout_seconds, i.starts_at, i.starts_at <= now(), i.idempotency_key, i.request_hash,
        ${hasTurns ? numbers : sql`nextval('joblib.task_number')`}
      from accepted as i
      on conflict (created_by_id, room_id, idempotency_key) where idempotency_key is not null do nothing
      returning id, job_id, room_id, run_at, created_at
    ),
    placed as (
      insert into joblib.task_place (task_id, room_id, job_id, created_at)
      select id, room_id, job_id, created_at from inserted
    ),
    online as materialized (
      select held.id, held.room_id, held.category, held.name, (
        select count(*)::int from joblib.worker_job as wj where wj.job_id = held.id
          and (select ${isAlive(aliveWithinSeconds)} from joblib.worker as w where w.id = wj.worker_id)) as workers
      from held
    )
    select t.id, t.run_at, t.created_at, o.room_id as job_room_id, o.category as job_category, o.name as job_name,
      o.workers as workers_online
    from inserted as t join online as o on o.id = t.job_id`,
  );

const insert = insertWith(false);
const insertInTurns = insertWith(true);

/** What a statement's requests have in common. */
export interface InsertManner {
  readonly aliveWithinSeconds: number;
  /** Some of the tasks are of jobs whose rooms take turns. */
  readonly hasTurns: boolean;
}

/** Runs it, on what `insertText` made. */
export const insertTasks = (
  db: Sql,
  requests: readonly string[],
  { aliveWithinSeconds, hasTurns }: InsertManner,
) => (hasTurns ? insertInTurns : insert)(db, `[${requests.join(",")}]`, aliveWithinSeconds);
