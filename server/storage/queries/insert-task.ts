import { type RawBuilder, sql } from "kysely";
import type { Assignee } from "../direct-assignment.ts";
import type { Sql } from "../sessions.ts";
import type { NewTask } from "../storage.ts";
import {
  ASSIGNED_COLUMNS,
  ASSIGNED_VALUES,
  buildSingleAssigneeCte,
  JOIN_ASSIGNEES,
} from "./direct-assignment.ts";
import type { InsertedRow } from "./insert-tasks.ts";
import { isAlive } from "./is-alive.ts";
import { defineStatement } from "./statement.ts";

type Values = [
  ...[id: string, jobId: string, schemaHash: string, jobVersion: string | null, roomId: string],
  ...[createdById: string, payload: string, priority: number, maxAttempts: number, backoff: string],
  ...[timeoutSeconds: number | null, runAt: string | null, inSeconds: number, key: string | null],
  ...[requestHash: string | null, traceContext: string | null, aliveWithinSeconds: number],
  ...[takerId: string | null, starts: boolean],
];

const jsonOrNull = (value: object | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value);

/**
 * What `insertTasks` does, for the one task of one request: somebody waits for it. PostgreSQL prepares every node of a statement
 * for each run, and those that take many requests apart were 0.5 of the 2.2 ms of a lone insert.
 */
const insertWith = (isTaken: boolean) => {
  const taken = (part: RawBuilder<unknown>) => (isTaken ? part : sql``);
  return defineStatement<InsertedRow, Values>(
    (
      id,
      jobId,
      schemaHash,
      jobVersion,
      roomId,
      createdById,
      payload,
      priority,
      maxAttempts,
      backoff,
      timeoutSeconds,
      runAt,
      inSeconds,
      key,
      requestHash,
      traceContext,
      aliveWithinSeconds,
      takerId,
      starts,
    ) => sql<InsertedRow>`
    with held as materialized (
      select * from (
        select id, room_id, category, name, removed_at, schema_hash, xmin::text as version from joblib.job
        where id = ${jobId}::uuid limit 1 for key share
      ) as job
      -- Not with the id: the index of those that are there would be read from one end to the other in place of the one by id.
      where removed_at is null and schema_hash = ${schemaHash}
        and (${jobVersion}::text is null or version = ${jobVersion}::text)
    ),
    ${taken(buildSingleAssigneeCte(takerId, starts))}
    inserted as (
      insert into joblib.task (id, job_id, room_id, created_by_id, payload, priority, max_attempts, backoff,
        timeout_seconds, run_at, due, idempotency_key, request_hash, trace_context, number ${taken(ASSIGNED_COLUMNS)})
      select ${id}::uuid, i.job_id, ${roomId}, ${createdById}, ${payload}::json, ${priority}::integer,
        ${maxAttempts}::integer, ${backoff}::jsonb, ${timeoutSeconds}::float8, i.starts_at, i.starts_at <= now(),
        ${key}, ${requestHash}, ${traceContext}::jsonb, nextval('joblib.task_number') ${taken(ASSIGNED_VALUES)}
      from (
        select 1 as place, id as job_id, coalesce(${runAt}::timestamptz,
          now() + make_interval(secs => greatest(${inSeconds}::float8, 0))) as starts_at
        from held
      ) as i ${taken(JOIN_ASSIGNEES)}
      on conflict (created_by_id, room_id, idempotency_key) where idempotency_key is not null do nothing
      returning id, job_id, room_id, run_at, created_at ${taken(sql`, worker_id, started_at`)}
    ),
    placed as (
      insert into joblib.task_place (task_id, room_id, job_id, created_at)
      select id, room_id, job_id, created_at from inserted
    )
    select t.id, t.run_at::text as run_at, t.created_at::text as created_at, o.room_id as job_room_id,
      o.category as job_category, o.name as job_name, (
        select count(*)::int from joblib.worker_job as wj where wj.job_id = t.job_id
          and (select ${isAlive(aliveWithinSeconds)} from joblib.worker as w where w.id = wj.worker_id)
      ) as workers_online ${taken(sql`, t.worker_id, t.started_at::text as started_at,
        (select takers.user_id from takers where takers.worker_id = t.worker_id limit 1) as user_id`)}
    from inserted as t cross join held as o`,
  );
};

const inserts = { plain: insertWith(false), taken: insertWith(true) };

/** Inserts a task whose rooms take no turns, unless its job is gone or changed or its key taken; `payload`: its JSON; `hand`: who would take it. */
export const insertTask = (
  db: Sql,
  { task, payload }: { readonly task: NewTask; readonly payload: string },
  aliveWithinSeconds: number,
  hand: Assignee | undefined,
): Promise<InsertedRow[]> =>
  inserts[hand === undefined ? "plain" : "taken"](
    db,
    ...([task.id, task.jobId, task.schemaHash, task.jobVersion ?? null, task.roomId] as const),
    ...([task.createdById, payload, task.priority, task.maxAttempts] as const),
    ...([JSON.stringify(task.backoff), task.timeoutSeconds] as const),
    "at" in task.start ? task.start.at : null,
    "inSeconds" in task.start ? task.start.inSeconds : 0,
    ...([task.idempotency?.key ?? null, task.idempotency?.requestHash ?? null] as const),
    ...([jsonOrNull(task.traceContext), aliveWithinSeconds] as const),
    ...([hand?.workerId ?? null, hand?.start ?? false] as const),
  );
