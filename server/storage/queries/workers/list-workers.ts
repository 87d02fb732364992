import { type RawBuilder, sql } from "kysely";
import { GLOBAL_ROOM } from "../../../../protocol/index.ts";
import type { Window } from "../../../records.ts";
import type { ListedWorkerRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { isAlive } from "./is-alive.ts";

/** A `from` item: the jobs `j` to which the worker `w` is linked, or was linked before it was drained. */
export const WORKER_JOBS = sql`(
  select wj.job_id from joblib.worker_job as wj where wj.worker_id = w.id
  union select d.id::uuid from jsonb_array_elements_text(w.drained_jobs) as d(id)
) as linked join joblib.job as j on j.id = linked.job_id`;

/** Columns of the worker `w` itself. */
export const WORKER_COLUMNS = sql`
  w.id, w.name, w.user_id, w.last_heartbeat::text as last_heartbeat, w.drained_jobs is not null as draining`;

/** Selects the workers of a user, the workers of jobs that are visible in a room, or all workers. */
export type WorkerFilter = { readonly userId: string } | { readonly roomId: string } | "all";

const buildCondition = (filter: WorkerFilter): RawBuilder<unknown> => {
  if (filter === "all") return sql`true`;
  if ("userId" in filter) return sql`w.user_id = ${filter.userId}`;
  return sql`exists (
    select 1 from ${WORKER_JOBS}
    where j.removed_at is null and j.room_id in (${filter.roomId}, ${GLOBAL_ROOM}))`;
};

/** Builds `select` and `from` of workers `w` with the columns of a list. Clauses may follow. */
export const selectWorkers = (aliveWithinSeconds: number): RawBuilder<ListedWorkerRow> => sql`
  select ${WORKER_COLUMNS}, ${isAlive(aliveWithinSeconds)} as alive,
    (select count(*)::int from ${WORKER_JOBS} where j.removed_at is null) as job_count,
    (select count(*)::int from joblib.task as t
     where t.worker_id = w.id and t.status in ('claimed', 'running')) as task_count
  from joblib.worker as w`;

/** Returns a page of workers with their counts, newest first, and their total number. */
export const listWorkers = async (
  db: Sql,
  filter: WorkerFilter,
  { limit, offset }: Window,
  aliveWithinSeconds: number,
) => {
  const page = await sql<ListedWorkerRow>`
    ${selectWorkers(aliveWithinSeconds)} where ${buildCondition(filter)}
    order by w.created_at desc, w.id desc limit ${limit}::int offset ${offset}::int`.execute(db);
  const count = await sql<{ total: number }>`
    select count(*)::int as total from joblib.worker as w where ${buildCondition(filter)}`.execute(db);
  return { rows: page.rows, total: count.rows[0]?.total ?? 0 };
};
