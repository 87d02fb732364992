import { type RawBuilder, sql } from "kysely";
import type { Assignee, NewTask } from "../../../records.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatTextArray, isAlive } from "../../sql/statement.ts";
import {
  hasSameValues,
  type OptionColumn,
  readOptions,
  type SqlType,
  SUBMITTED_COLUMNS,
  type SubmittedColumn,
} from "../../task-columns.ts";
import { INDEX_ORDER } from "../queue-order.ts";
import {
  ASSIGNED_COLUMNS,
  ASSIGNED_TASKS_CTE,
  ASSIGNED_VALUES,
  buildAssigneesCte,
  formatAssignees,
  JOIN_ASSIGNEES,
} from "./direct-assignment.ts";

/** Consecutive tasks of a request that differ only in their ids and payloads. */
export type TaskGroup = readonly [NewTask, ...NewTask[]];

/**
 * Divides tasks, in their order, into as few groups as possible. A task with an idempotency key is
 * a separate group.
 */
export function groupTasks(tasks: readonly NewTask[]): readonly TaskGroup[] {
  const groups: [NewTask, ...NewTask[]][] = [];
  for (const task of tasks) {
    const group = groups.at(-1);
    if (group !== undefined && group[0].idempotency === null && hasSameValues(group[0], task))
      group.push(task);
    else groups.push([task]);
  }
  return groups;
}

type InsertParameter = Exclude<SubmittedColumn, "payload"> | "in_seconds" | "schema_hash" | "job_version";

/** The values of the parameters. Options that are not set are missing. */
type InsertValues = Readonly<Record<Exclude<InsertParameter, OptionColumn>, unknown>> & {
  readonly [Name in OptionColumn]?: unknown;
};

/**
 * The parameters of a new task: the columns that the submit sets, and `in_seconds`, the alternative
 * to `run_at`.
 */
const NEW_TASK_PARAMETERS = [...SUBMITTED_COLUMNS, { name: "in_seconds", type: "float8" }] as const;

/**
 * The parameters that are sent to the database once per group, including the version of the job
 * that the server has read.
 */
const GROUP_PARAMETERS: readonly { readonly name: InsertParameter; readonly type: SqlType }[] = [
  ...NEW_TASK_PARAMETERS.flatMap(({ name, type }) => (name === "payload" ? [] : [{ name, type }])),
  { name: "schema_hash", type: "text" },
  { name: "job_version", type: "text" },
];

function toParameters(task: NewTask): InsertValues {
  return {
    ...readOptions(task),
    id: task.id,
    job_id: task.jobId,
    room_id: task.roomId,
    created_by_id: task.createdById,
    run_at: "at" in task.start ? task.start.at : undefined,
    in_seconds: "inSeconds" in task.start ? task.start.inSeconds : undefined,
    trace_context: task.traceContext,
    idempotency_key: task.idempotency?.key,
    request_hash: task.idempotency?.requestHash,
    schema_hash: task.schemaHash,
    job_version: task.jobVersion,
  };
}

/** The columns that a submit sets, as a list in SQL. */
export const SUBMITTED_NAMES = sql.raw(SUBMITTED_COLUMNS.map(({ name }) => name).join(", "));

/** The values of the tasks `i`, in the order of `SUBMITTED_NAMES`. */
export const TASK_VALUES = sql.raw(
  SUBMITTED_COLUMNS.map(({ name }) => (name === "run_at" ? "i.starts_at" : `i.${name}`)).join(", "),
);

/**
 * Builds a subquery of one new task, with a separate parameter for each value of `listParameters`.
 */
export function selectNewTask(values: readonly unknown[]): RawBuilder<unknown> {
  const columns = NEW_TASK_PARAMETERS.map(
    ({ name, type }, index) => sql`${values[index]}::${sql.raw(type)} as ${sql.id(name)}`,
  );
  return sql`(
    select v.*, coalesce(v.run_at, now() + make_interval(secs => greatest(v.in_seconds, 0))) as starts_at
    from (select ${sql.join(columns)}) as v)`;
}

/**
 * Returns the values of a new task for `selectNewTask`. `payload` is the JSON of the task's
 * payload.
 */
export function listParameters(task: NewTask, payload: string): unknown[] {
  const values = toParameters(task);
  return NEW_TASK_PARAMETERS.map(({ name, type }) => {
    const value = (name === "payload" ? payload : values[name]) ?? null;
    return type === "jsonb" && value !== null ? JSON.stringify(value) : value;
  });
}

/**
 * Values that the database sets for a group of new tasks, and the number of live workers of their
 * job.
 */
export interface InsertedRow {
  /** Id of the first task of the group. */
  id: string;
  run_at: string;
  created_at: string;
  job_room_id: string;
  job_category: string;
  job_name: string;
  workers_online: number;
  /** The worker to which the task was assigned directly, if any. */
  worker_id?: string | null;
  user_id?: string | null;
  started_at?: string | null;
}

const GROUP_COLUMNS = [
  ...GROUP_PARAMETERS,
  { name: "ids", type: "jsonb" },
  { name: "first_index", type: "integer" },
] as const;
const GROUP_NAMES = sql.raw(GROUP_COLUMNS.map(({ name }) => name).join(", "));
const GROUP_TYPES = sql.raw(GROUP_COLUMNS.map(({ name, type }) => `${name} ${type}`).join(", "));

/**
 * The values of the groups `g` that all tasks of a group share, except `run_at`, for which the
 * statement uses `starts_at`.
 */
const SHARED_VALUES = sql.raw(
  SUBMITTED_COLUMNS.filter(({ name, sharing }) => sharing !== "each" && name !== "run_at")
    .map(({ name }) => `g.${name}`)
    .join(", "),
);

/**
 * CTEs for jobs with room fairness. They number tasks by start-time fair queueing (Goyal, Vin and
 * Cheng, SIGCOMM 1996) with tasks of equal length: a new task gets the number after the last task
 * of its room, or the number of the task that is claimed next, whichever is higher. Claims still
 * order tasks by priority and number.
 */
const ROOM_NUMBERS_CTE = sql`
    new_tasks as materialized (
      select i.job_id, i.room_id, i.priority, count(*)::int as tasks
      from accepted_tasks as i join locked_jobs on locked_jobs.id = i.job_id
      where locked_jobs.fairness = 'room'
      group by i.job_id, i.room_id, i.priority
    ),
    room_numbers as (
      insert into joblib.room_queue as r (job_id, room_id, priority, number, tasks)
      select n.job_id, n.room_id, n.priority, coalesce((
        select t.number from joblib.task as t
        where t.job_id = n.job_id and t.status = 'pending' and t.due and t.priority = n.priority
        order by ${INDEX_ORDER} limit 1
      ), nextval('joblib.task_number')) + n.tasks - 1, n.tasks
      from new_tasks as n
      order by n.job_id, n.room_id collate "C", n.priority
      on conflict (job_id, room_id, priority) do update
        set number = greatest(r.number + excluded.tasks, excluded.number), tasks = excluded.tasks
      returning r.job_id, r.room_id, r.priority, r.number - r.tasks as previous_number
    ),`;

/** The number of an accepted task `i`: the next number of its room, or of the sequence. */
const TASK_NUMBER = sql`coalesce((
          select room_numbers.previous_number from room_numbers
          where room_numbers.job_id = i.job_id and room_numbers.room_id = i.room_id and room_numbers.priority = i.priority
        ) + row_number() over (
          partition by i.job_id, i.room_id, i.priority order by i.request_number, i.group_number, i.ordinal
        ),
        nextval('joblib.task_number'))`;

const IS_NUMBERED_BY_ROOM = sql`(select locked_jobs.fairness = 'room' from locked_jobs where locked_jobs.id = i.job_id)`;

type InsertVariant = "plain" | "room-fairness" | "direct-assignment";

/**
 * Defines a statement that inserts the tasks of many requests in their order. It inserts all tasks
 * of a request, or none if one of its jobs was removed or changed since the server read it. Skips
 * tasks with an existing idempotency key. Locks the jobs in the order of their ids, so that none is
 * removed during the insert. The statement receives and returns the values that the tasks of a
 * group share only once.
 */
function defineInsert(variant: InsertVariant) {
  const only = (part: InsertVariant, text: RawBuilder<unknown>) => (variant === part ? text : sql``);
  return defineStatement<
    InsertedRow,
    [requests: string, payloads: string, aliveWithinSeconds: number, assignees: string]
  >(
    (requests, payloads, aliveWithinSeconds, assignees) => sql`
    with groups as materialized (
      select r.request_number, g.*,
        coalesce(g.run_at, now() + make_interval(secs => greatest(g.in_seconds, 0))) as starts_at
      from jsonb_array_elements(${requests}::jsonb) with ordinality as r(groups, request_number)
      cross join lateral rows from (jsonb_to_recordset(r.groups) as (${GROUP_TYPES})) with ordinality
        as g(${GROUP_NAMES}, group_number)
    ),
    locked_jobs as materialized (
      select j.* from (select distinct job_id from groups order by job_id) as requested
      cross join lateral (
        select id, schema_hash, xmin::text as version, room_id, category, name, fairness, removed_at from joblib.job
        where id = requested.job_id limit 1 for key share
      ) as j
      where j.removed_at is null
    ),
    rejected_requests as materialized (
      select distinct g.request_number from groups as g
      where not exists (
        select 1 from locked_jobs as j where j.id = g.job_id and j.schema_hash = g.schema_hash
          and (g.job_version is null or j.version = g.job_version))
    ),
    accepted_groups as materialized (
      select * from groups where request_number not in (select request_number from rejected_requests)
    ),
    accepted_tasks as materialized (
      select g.request_number, g.group_number, t.ordinal, t.id::uuid as id, t.payload::json as payload, g.starts_at,
        ${SHARED_VALUES}
      from accepted_groups as g
      cross join lateral rows from (
        jsonb_array_elements_text(g.ids),
        unnest((${payloads}::text[])[g.first_index + 1 : g.first_index + jsonb_array_length(g.ids)])
      ) with ordinality as t(id, payload, ordinal)
      order by g.request_number, g.group_number, t.ordinal
    ),
    ${only("room-fairness", ROOM_NUMBERS_CTE)}
    ${only("direct-assignment", buildAssigneesCte(assignees))}
    inserted as (
      insert into joblib.task (${SUBMITTED_NAMES}, due, number
        ${only("room-fairness", sql`, numbered_by_room`)}${only("direct-assignment", ASSIGNED_COLUMNS)})
      select ${TASK_VALUES}, i.starts_at <= now(),
        ${variant === "room-fairness" ? TASK_NUMBER : sql`nextval('joblib.task_number')`}
        ${only("room-fairness", sql`, ${IS_NUMBERED_BY_ROOM}`)}${only("direct-assignment", ASSIGNED_VALUES)}
      from accepted_tasks as i ${only("direct-assignment", JOIN_ASSIGNEES)}
      on conflict (created_by_id, room_id, idempotency_key) where idempotency_key is not null do nothing
      returning id, job_id, room_id, run_at, created_at, idempotency_key
        ${only("direct-assignment", sql`, worker_id, started_at`)}
    ),
    list_entries as (
      insert into joblib.task_listing (task_id, room_id, job_id, created_at)
      select id, room_id, job_id, created_at from inserted
    ),
    ${only("direct-assignment", sql`${ASSIGNED_TASKS_CTE},`)}
    jobs as materialized (
      select j.id, j.room_id, j.category, j.name, (
        select count(*)::int from joblib.worker_job as wj where wj.job_id = j.id
          and (select ${isAlive(aliveWithinSeconds)} from joblib.worker as w where w.id = wj.worker_id)) as workers
      from locked_jobs as j
    )
    select t.id, t.run_at::text as run_at, t.created_at::text as created_at, o.room_id as job_room_id,
      o.category as job_category, o.name as job_name, o.workers as workers_online
      ${only("direct-assignment", sql`, assigned.worker_id, assigned.user_id, assigned.started_at::text as started_at`)}
    from (
      -- A group without an idempotency key cannot conflict, so it need not be searched in the
      -- inserted rows.
      select id, job_id, starts_at as run_at, now() as created_at from accepted_groups where idempotency_key is null
      union all
      select id, job_id, run_at, created_at from inserted where idempotency_key is not null
    ) as t join jobs as o on o.id = t.job_id ${only("direct-assignment", sql`left join assigned on assigned.id = t.id`)}`,
  );
}

const INSERT_STATEMENTS = {
  plain: defineInsert("plain"),
  "room-fairness": defineInsert("room-fairness"),
  "direct-assignment": defineInsert("direct-assignment"),
} satisfies Record<InsertVariant, unknown>;

/** The tasks of one request, and their payloads as JSON in the same order. */
export interface InsertRequest {
  readonly groups: readonly TaskGroup[];
  readonly payloads: readonly string[];
}

/**
 * Inserts tasks. If a request has an assignee, at the same index of `assignees`, its only task is
 * assigned to that worker.
 */
export function insertRequests(
  db: Sql,
  requests: readonly InsertRequest[],
  options: { readonly aliveWithinSeconds: number; readonly hasRoomFairness: boolean },
  assignees: readonly (Assignee | undefined)[],
): Promise<InsertedRow[]> {
  const hasAssignee = assignees.some((assignee) => assignee !== undefined);
  const variant = options.hasRoomFairness ? "room-fairness" : hasAssignee ? "direct-assignment" : "plain";
  let nextIndex = 0;

  function toGroup(tasks: TaskGroup) {
    const first_index = nextIndex;
    nextIndex += tasks.length;
    return { ...toParameters(tasks[0]), ids: tasks.map(({ id }) => id), first_index };
  }

  return INSERT_STATEMENTS[variant](
    db,
    JSON.stringify(requests.map(({ groups }) => groups.map(toGroup))),
    formatTextArray(requests.flatMap(({ payloads }) => payloads)),
    options.aliveWithinSeconds,
    formatAssignees(assignees),
  );
}
