import { type RawBuilder, sql } from "kysely";
import type { Assignee } from "../direct-assignment.ts";
import type { Sql } from "../sessions.ts";
import { formatArray, formatTextArray } from "./array-text.ts";
import {
  ASSIGNED_COLUMNS,
  ASSIGNED_TASKS_CTE,
  ASSIGNED_VALUES,
  buildAssigneesCte,
  formatAssignees,
  JOIN_ASSIGNEES,
} from "./direct-assignment.ts";
import { isAlive } from "./is-alive.ts";
import { IS_IN_TURN, ROOM_TURNS_CTE, TASK_NUMBER } from "./room-fairness.ts";
import { defineStatement } from "./statement.ts";
import { formatGroups, GROUP_COLUMNS, type TaskGroup } from "./task-groups.ts";

/** What of a group of new tasks only the database knows, and how many live workers could take them. */
export interface InsertedRow {
  /** Of the group's first. */
  id: string;
  run_at: string;
  created_at: string;
  job_room_id: string;
  job_category: string;
  job_name: string;
  workers_online: number;
  /** Who holds it from the start, where somebody was to take it. */
  worker_id?: string | null;
  user_id?: string | null;
  started_at?: string | null;
}

/** What a statement does beside inserting: rooms take turns, or waiting workers take a task each. */
type InsertVariant = "nothing" | "turns" | "hands";

/**
 * Inserts many requests' tasks in their order: all of a request, or none where a job of its own is gone or is not as
 * it was seen; leaves out those whose key is taken. The jobs are locked, in one order for all, so that none is removed under
 * the insert. What a request's tasks share comes once and is answered once, and what the caller knows is not sent back.
 */
const insertWith = (beside: InsertVariant) => {
  const on = (one: InsertVariant, part: RawBuilder<unknown>) => (beside === one ? part : sql``);
  return defineStatement<
    InsertedRow,
    [requests: string, payloads: string, offsets: string, aliveWithinSeconds: number, hands: string]
  >(
    (requests, payloads, offsets, aliveWithinSeconds, hands) => sql`
    with groups as materialized (
      select r.place, (${offsets}::integer[])[r.place] + g.before as offset, g.*, coalesce(g.run_at, now() + make_interval(secs => greatest(g.in_seconds, 0))) as starts_at
      from jsonb_array_elements(${requests}::jsonb) with ordinality as r(groups, place)
      cross join lateral rows from (jsonb_to_recordset(r.groups) as (${sql.raw(GROUP_COLUMNS)})) with ordinality
        as g(id, job_id, schema_hash, job_version, room_id, created_by_id, priority, max_attempts, backoff,
          timeout_seconds, run_at, in_seconds, idempotency_key, request_hash, trace_context, ids, before, nth)
    ),
    held as materialized (
      select j.* from (select distinct job_id from groups order by job_id) as asked
      cross join lateral (
        select id, schema_hash, xmin::text as version, room_id, category, name, fairness, removed_at from joblib.job
        where id = asked.job_id limit 1 for key share
      ) as j
      where j.removed_at is null
    ),
    changed as materialized (
      select distinct g.place from groups as g
      where not exists (
        select 1 from held where held.id = g.job_id and held.schema_hash = g.schema_hash
          and (g.job_version is null or held.version = g.job_version))
    ),
    taken as materialized (
      select * from groups where place not in (select place from changed)
    ),
    accepted as materialized (
      select g.place, g.nth, t.nth as "order", t.id::uuid as id, t.payload::json as payload, g.job_id, g.room_id, g.created_by_id,
        g.priority, g.max_attempts, g.backoff, g.timeout_seconds, g.starts_at, g.idempotency_key, g.request_hash,
        g.trace_context
      from taken as g
      cross join lateral rows from (
        jsonb_array_elements_text(g.ids),
        unnest((${payloads}::text[])[g.offset + 1 : g.offset + jsonb_array_length(g.ids)])
      ) with ordinality as t(id, payload, nth)
      order by g.place, g.nth, t.nth
    ),
    ${on("turns", ROOM_TURNS_CTE)}
    ${on("hands", buildAssigneesCte(hands))}
    inserted as (
      insert into joblib.task (id, job_id, room_id, created_by_id, payload, priority, max_attempts, backoff,
        timeout_seconds, run_at, due, idempotency_key, request_hash, trace_context, number
        ${on("turns", sql`, in_turn`)}${on("hands", ASSIGNED_COLUMNS)})
      select i.id, i.job_id, i.room_id, i.created_by_id, i.payload, i.priority, i.max_attempts, i.backoff,
        i.timeout_seconds, i.starts_at, i.starts_at <= now(), i.idempotency_key, i.request_hash, i.trace_context,
        ${beside === "turns" ? TASK_NUMBER : sql`nextval('joblib.task_number')`}
        ${on("turns", sql`, ${IS_IN_TURN}`)}${on("hands", ASSIGNED_VALUES)}
      from accepted as i ${on("hands", JOIN_ASSIGNEES)}
      on conflict (created_by_id, room_id, idempotency_key) where idempotency_key is not null do nothing
      returning id, job_id, room_id, run_at, created_at, idempotency_key
        ${on("hands", sql`, worker_id, started_at`)}
    ),
    placed as (
      insert into joblib.task_place (task_id, room_id, job_id, created_at)
      select id, room_id, job_id, created_at from inserted
    ),
    ${on("hands", sql`${ASSIGNED_TASKS_CTE},`)}
    online as materialized (
      select held.id, held.room_id, held.category, held.name, (
        select count(*)::int from joblib.worker_job as wj where wj.job_id = held.id
          and (select ${isAlive(aliveWithinSeconds)} from joblib.worker as w where w.id = wj.worker_id)) as workers
      from held
    )
    select t.id, t.run_at::text as run_at, t.created_at::text as created_at, o.room_id as job_room_id, o.category as job_category, o.name as job_name,
      o.workers as workers_online${on("hands", sql`, given.worker_id, given.user_id, given.started_at::text as started_at`)}
    from (
      -- Without a key nothing keeps a group out, so it is not looked for among what was inserted.
      select id, job_id, starts_at as run_at, now() as created_at from taken where idempotency_key is null
      union all
      select id, job_id, run_at, created_at from inserted where idempotency_key is not null
    ) as t join online as o on o.id = t.job_id ${on("hands", sql`left join given on given.id = t.id`)}`,
  );
};

const inserts = { nothing: insertWith("nothing"), turns: insertWith("turns"), hands: insertWith("hands") };

/** What a statement's requests have in common. */
export interface InsertStatementOptions {
  readonly aliveWithinSeconds: number;
  /** Some of the tasks are of jobs whose rooms take turns. */
  readonly hasRoomFairness: boolean;
}

/** One request's tasks, and their payloads' JSON. */
export interface InsertRequest {
  readonly groups: readonly TaskGroup[];
  readonly payloads: readonly string[];
}

/** Runs it; `hands`: who would take the lone task of each request. */
export const insertTasks = (
  db: Sql,
  requests: readonly InsertRequest[],
  { aliveWithinSeconds, hasRoomFairness: hasTurns }: InsertStatementOptions,
  hands: readonly (Assignee | undefined)[] = [],
): Promise<InsertedRow[]> => {
  const isTaken = hands.some((hand) => hand !== undefined);
  const insert = inserts[hasTurns ? "turns" : isTaken ? "hands" : "nothing"];
  let offset = 0;
  const offsets = requests.map(({ payloads: { length } }) => {
    offset += length;
    return offset - length;
  });
  return insert(
    db,
    `[${requests.map(({ groups }) => formatGroups(groups)).join(",")}]`,
    formatTextArray(requests.flatMap(({ payloads }) => payloads)),
    formatArray(offsets),
    aliveWithinSeconds,
    formatAssignees(hands),
  );
};
