import { sql } from "kysely";
import type { Sql } from "../sessions.ts";
import { formatRecordset, selectRecordset } from "./recordset.ts";
import { defineStatement } from "./statement.ts";

/** A worker, and the tasks that it believes it holds. */
export interface Heartbeat {
  readonly workerId: string;
  readonly taskIds: readonly string[];
}

/** What a worker is told; there is none for a worker that is gone. */
export interface HeartbeatRow {
  worker_id: string;
  last_heartbeat: string;
  /** JSON, a list of `{ task_id, reason }`. */
  stop: string;
  has_unlisted_tasks: boolean;
  draining: boolean;
}

/**
 * Notes many workers' signs of life, and says which of the named tasks each holds no longer, and whether it holds
 * others. What it ended by its own word (`reported`) is no news to it: naming that would wake its waiting heartbeat for
 * every task that it completes. The workers are locked in one order for all.
 */
const beat = defineStatement<HeartbeatRow, [beats: string]>(
  (input) => sql`
    with beats as materialized (
      select * from ${selectRecordset(input, "worker_id uuid, named jsonb")} as b
    ),
    here as materialized (
      select w.id, a.named from (select * from beats order by worker_id) as a
      cross join lateral (select id from joblib.worker where id = a.worker_id for no key update) as w
    ),
    touched as (
      update joblib.worker as w set last_heartbeat = clock_timestamp() from here
      where w.id = here.id returning w.id, w.last_heartbeat, w.drained_jobs, here.named
    )
    select touched.id as worker_id, touched.last_heartbeat::text as last_heartbeat, touched.drained_jobs is not null as draining,
      coalesce((
        select jsonb_agg(jsonb_build_object('task_id', told.id, 'reason', told.reason)) from (
          select n.id::uuid as id, (
            select case
              when t.status in ('claimed', 'running') and t.worker_id = touched.id then null
              when t.hold_ended_worker_id = touched.id then nullif(t.hold_ended_reason, 'reported')
              when t.status = 'cancelled' then 'cancelled'
              else 'lost' end
            from (select 1) as one left join joblib.task as t on t.id = n.id::uuid
          ) as reason
          from jsonb_array_elements_text(touched.named) as n(id)
        ) as told
        where told.reason is not null
      ), '[]')::text as stop,
      exists (
        select 1 from joblib.task as t
        where t.worker_id = touched.id and t.status in ('claimed', 'running')
          and not touched.named ? t.id::text
      ) as has_unnamed
    from touched`,
);

/** Runs it; in no order. */
export const recordHeartbeats = (db: Sql, beats: readonly Heartbeat[]) =>
  beat(
    db,
    formatRecordset(beats.map(({ workerId, taskIds: named }) => ({ worker_id: workerId, taskIds: named }))),
  );
