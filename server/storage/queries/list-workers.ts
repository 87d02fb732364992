import { type RawBuilder, sql } from "kysely";
import { GLOBAL_ROOM } from "../../../protocol/index.ts";
import type { ListedWorkerRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import type { Window } from "../storage.ts";
import { isAlive } from "./is-alive.ts";

/** The jobs `j` of a worker `w`: those that it is linked to, and those that it was until it was drained. */
export const WORKER_JOBS = sql`(
  select wj.job_id from joblib.worker_job as wj where wj.worker_id = w.id
  union select d.id::uuid from jsonb_array_elements_text(w.drained_jobs) as d(id)
) as of_worker join joblib.job as j on j.id = of_worker.job_id`;

/** Whose workers: a user's, those linked to jobs that a room sees, or all. */
export type WorkerFilter = { readonly userId: string } | { readonly roomId: string } | "all";

const belongs = (of: WorkerFilter): RawBuilder<unknown> => {
  if (of === "all") return sql`true`;
  if ("userId" in of) return sql`w.user_id = ${of.userId}`;
  return sql`exists (
    select 1 from ${WORKER_JOBS}
    where j.removed_at is null and j.room_id in (${of.roomId}, ${GLOBAL_ROOM}))`;
};

/** `select` and `from` of workers as lists show them; clauses over `w` follow. */
export const selectWorkers = (aliveWithinSeconds: number): RawBuilder<ListedWorkerRow> => sql`
  select w.id, w.name, w.user_id, w.last_heartbeat::text as last_heartbeat, ${isAlive(aliveWithinSeconds)} as alive,
    w.drained_jobs is not null as draining,
    (select count(*)::int from ${WORKER_JOBS} where j.removed_at is null) as job_count,
    (select count(*)::int from joblib.task as t
     where t.worker_id = w.id and t.status in ('claimed', 'running')) as task_count
  from joblib.worker as w`;

/** A window on workers with their counts, newest first, and how many there are. */
export const listWorkers = async (
  db: Sql,
  of: WorkerFilter,
  { limit, offset }: Window,
  aliveWithinSeconds: number,
) => {
  const page = await sql<ListedWorkerRow>`
    ${selectWorkers(aliveWithinSeconds)} where ${belongs(of)}
    order by w.created_at desc, w.id desc limit ${limit}::int offset ${offset}::int`.execute(db);
  const count = await sql<{ total: number }>`
    select count(*)::int as total from joblib.worker as w where ${belongs(of)}`.execute(db);
  return { rows: page.rows, total: count.rows[0]?.total ?? 0 };
};
