import { sql } from "kysely";
import type { StopReason } from "../../../protocol/index.ts";
import type { Sql } from "../sessions.ts";

interface HeartbeatRow {
  last_heartbeat: string | Date;
  stop: { task_id: string; reason: StopReason }[];
  has_unnamed: boolean;
}

/**
 * Notes the sign of life and says which of the named tasks the worker holds no longer, and whether it holds others.
 * What it ended by its own word (`reported`) is no news to it: naming that would wake its waiting heartbeat for
 * every task that it completes.
 */
export const heartbeat = async (db: Sql, workerId: string, named: readonly string[]) => {
  const { rows } = await sql<HeartbeatRow>`
    with touched as (
      update joblib.worker set last_heartbeat = clock_timestamp()
      where id = ${workerId}::uuid returning id, last_heartbeat
    ),
    named as materialized (
      select n.id::uuid as id from jsonb_array_elements_text(${JSON.stringify(named)}::jsonb) as n(id)
    ),
    told as (
      select n.id, case
        when t.status in ('claimed', 'running') and t.worker_id = ${workerId}::uuid then null
        when t.hold_ended_worker_id = ${workerId}::uuid then nullif(t.hold_ended_reason, 'reported')
        when t.status = 'cancelled' then 'cancelled'
        else 'lost' end as reason
      from named as n left join joblib.task as t on t.id = n.id
    )
    select touched.last_heartbeat,
      coalesce((
        select jsonb_agg(jsonb_build_object('task_id', told.id, 'reason', told.reason)) from told
        where told.reason is not null
      ), '[]') as stop,
      exists (
        select 1 from joblib.task as t
        where t.worker_id = touched.id and t.status in ('claimed', 'running')
          and t.id not in (select id from named)
      ) as has_unnamed
    from touched`.execute(db);
  return rows[0];
};
