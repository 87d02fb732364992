import { type RawBuilder, sql } from "kysely";
import type { Assignee, NewTask } from "../../../records.ts";
import { isAlive } from "../../queries/workers/is-alive.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, type Placeholder } from "../../sql/statement.ts";
import { SUBMITTED_COLUMNS } from "../../task-columns.ts";
import {
  ASSIGNED_COLUMNS,
  ASSIGNED_VALUES,
  buildSingleAssigneeCte,
  JOIN_ASSIGNEES,
} from "./direct-assignment.ts";
import type { InsertedRow } from "./insert-tasks.ts";
import { INSERT_PARAMETERS, SUBMITTED_NAMES, toParameters } from "./task-groups.ts";

const PARAMETERS = [...INSERT_PARAMETERS, { name: "payload", type: "json" }] as const;

type Parameter = (typeof PARAMETERS)[number]["name"];

type Values = readonly [
  ...[aliveWithinSeconds: number, assigneeId: string | null, starts: boolean],
  ...parameters: unknown[],
];

/** Values of the task's columns that are not the parameters themselves. */
const COMPUTED: { readonly [name: string]: RawBuilder<unknown> } = {
  job_id: sql`i.job_id`,
  run_at: sql`i.starts_at`,
};

function toParameter(type: string, value: unknown): unknown {
  return value === undefined || value === null ? null : type === "jsonb" ? JSON.stringify(value) : value;
}

function cast(parameter: Placeholder, type: string) {
  return type === "text" ? sql`${parameter}` : sql`${parameter}::${sql.raw(type)}`;
}

/**
 * A special case of `insertTasks` for a single request with a single task. PostgreSQL initializes every plan
 * node for each execution, and the nodes that separate many requests took 0.5 of the 2.2 ms of an insert of
 * one task.
 */
function defineInsert(hasAssignee: boolean) {
  const ifAssigned = (part: RawBuilder<unknown>) => (hasAssignee ? part : sql``);
  return defineStatement<InsertedRow, Values>((aliveWithinSeconds, assigneeId, starts, ...placeholders) => {
    const parameters = Object.fromEntries(
      PARAMETERS.map(({ name }, index) => [name, placeholders[index]]),
    ) as Record<Parameter, Placeholder>;
    const values = SUBMITTED_COLUMNS.map(({ name, type }) => COMPUTED[name] ?? cast(parameters[name], type));
    return sql<InsertedRow>`
    with locked_job as materialized (
      select * from (
        select id, room_id, category, name, removed_at, schema_hash, xmin::text as version from joblib.job
        where id = ${parameters.job_id}::uuid limit 1 for key share
      ) as job
      -- Not in the subquery: the whole index of registered jobs would be read instead of the one by id.
      where removed_at is null and schema_hash = ${parameters.schema_hash}
        and (${parameters.job_version}::text is null or version = ${parameters.job_version}::text)
    ),
    ${ifAssigned(buildSingleAssigneeCte(assigneeId, starts))}
    inserted as (
      insert into joblib.task (${SUBMITTED_NAMES}, due, number ${ifAssigned(ASSIGNED_COLUMNS)})
      select ${sql.join(values)}, i.starts_at <= now(), nextval('joblib.task_number') ${ifAssigned(ASSIGNED_VALUES)}
      from (
        select 1 as request_number, id as job_id, coalesce(${parameters.run_at}::timestamptz,
          now() + make_interval(secs => greatest(${parameters.in_seconds}::float8, 0))) as starts_at
        from locked_job
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
    from inserted as t cross join locked_job as o`;
  });
}

const INSERT = { plain: defineInsert(false), assigned: defineInsert(true) };

/**
 * Inserts a task of a job without room fairness. Returns no row if the job was removed or changed, or if the
 * idempotency key exists. `payload` is the JSON of the task's payload.
 */
export function insertTask(
  db: Sql,
  { task, payload }: { readonly task: NewTask; readonly payload: string },
  aliveWithinSeconds: number,
  assignee: Assignee | undefined,
): Promise<InsertedRow[]> {
  const values = toParameters(task);
  const parameters = INSERT_PARAMETERS.map(({ name, type }) => toParameter(type, values[name]));
  return INSERT[assignee === undefined ? "plain" : "assigned"](
    db,
    ...([aliveWithinSeconds, assignee?.workerId ?? null, assignee?.start ?? false] as const),
    ...parameters,
    payload,
  );
}
