import { type RawBuilder, sql } from "kysely";
import type { Assignee, NewTask } from "../../../records.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, isAlive } from "../../sql/statement.ts";
import {
  ASSIGNED_COLUMNS,
  ASSIGNED_VALUES,
  buildSingleAssigneeCte,
  JOIN_ASSIGNEES,
} from "./direct-assignment.ts";
import {
  type InsertedRow,
  listParameters,
  SUBMITTED_NAMES,
  selectNewTask,
  TASK_VALUES,
} from "./insert-tasks.ts";

type Values = readonly [
  ...[aliveWithinSeconds: number, assigneeId: string | null, starts: boolean],
  ...[jobId: string, schemaHash: string, jobVersion: string | null],
  ...parameters: unknown[],
];

/**
 * Builds the insert of a single task. The statement of `insert-tasks.ts` could insert it as well,
 * but PostgreSQL initializes every plan node for each execution. Without the nodes that separate
 * many requests, PostgreSQL needs 0.9 instead of 1.25 ms of CPU time for an insert with direct
 * assignment (1,500 inserts, medians of three runs, 30 November 2026).
 */
function defineInsert(hasAssignee: boolean) {
  const ifAssigned = (part: RawBuilder<unknown>) => (hasAssignee ? part : sql``);
  return defineStatement<InsertedRow, Values>(
    (
      aliveWithinSeconds,
      assigneeId,
      starts,
      jobId,
      schemaHash,
      jobVersion,
      ...parameters
    ) => sql<InsertedRow>`
    with locked_job as materialized (
      select * from (
        select id, room_id, category, name, removed_at, schema_hash, xmin::text as version from joblib.job
        where id = ${jobId}::uuid limit 1 for key share
      ) as job
      -- Outside the subquery, because inside it PostgreSQL would scan the index of all registered
      -- jobs instead of looking up the id.
      where removed_at is null and schema_hash = ${schemaHash}
        and (${jobVersion}::text is null or version = ${jobVersion}::text)
    ),
    ${ifAssigned(buildSingleAssigneeCte(assigneeId, starts))}
    inserted as (
      insert into joblib.task (${SUBMITTED_NAMES}, due, number ${ifAssigned(ASSIGNED_COLUMNS)})
      select ${TASK_VALUES}, i.starts_at <= now(), nextval('joblib.task_number') ${ifAssigned(ASSIGNED_VALUES)}
      from locked_job cross join (
        select 1 as request_number, new_task.* from ${selectNewTask(parameters)} as new_task
      ) as i ${ifAssigned(JOIN_ASSIGNEES)}
      on conflict (created_by_id, room_id, idempotency_key) where idempotency_key is not null do nothing
      returning id, job_id, room_id, run_at, created_at ${ifAssigned(sql`, worker_id, started_at`)}
    ),
    list_entries as (
      insert into joblib.task_listing (task_id, room_id, job_id, created_at)
      select id, room_id, job_id, created_at from inserted
    )
    select t.id, t.run_at::text as run_at, t.created_at::text as created_at, o.room_id as job_room_id,
      o.category as job_category, o.name as job_name, (
        select count(*)::int from joblib.worker_job as wj where wj.job_id = t.job_id
          and (select ${isAlive(aliveWithinSeconds)} from joblib.worker as w where w.id = wj.worker_id)
      ) as workers_online ${ifAssigned(sql`, t.worker_id, t.started_at::text as started_at,
        (select assignees.user_id from assignees where assignees.worker_id = t.worker_id limit 1) as user_id`)}
    from inserted as t cross join locked_job as o`,
  );
}

const INSERT_STATEMENTS = { plain: defineInsert(false), assigned: defineInsert(true) };

/**
 * Inserts a task of a job without room fairness. Returns no row if the job was removed or changed,
 * or if the idempotency key exists. `payload` is the JSON of the task's payload.
 */
export function insertTask(
  db: Sql,
  { task, payload }: { readonly task: NewTask; readonly payload: string },
  aliveWithinSeconds: number,
  assignee: Assignee | undefined,
): Promise<InsertedRow[]> {
  return INSERT_STATEMENTS[assignee === undefined ? "plain" : "assigned"](
    db,
    ...([aliveWithinSeconds, assignee?.workerId ?? null, assignee?.start ?? false] as const),
    ...([task.jobId, task.schemaHash, task.jobVersion ?? null] as const),
    ...listParameters(task, payload),
  );
}
