import { type RawBuilder, sql } from "kysely";
import { LRUCache } from "lru-cache";
import type { Sql } from "../../sessions/orm.ts";
import {
  defineStatement,
  formatArray,
  formatRecordset,
  type Placeholder,
  selectRecordset,
} from "../../sql/statement.ts";

/** A worker's heartbeat, with the ids of the tasks that it works on. */
export interface Heartbeat {
  readonly workerId: string;
  readonly taskIds: readonly string[];
}

/** The result of a heartbeat. A worker that is gone has no row. */
export interface HeartbeatRow {
  worker_id: string;
  last_heartbeat: string;
  /** A JSON list of `{ task_id, reason }`. */
  stop: string;
  /** True if the worker has leases for tasks that are missing from the heartbeat. */
  has_unlisted_tasks: boolean;
  draining: boolean;
}

/**
 * Records the heartbeats of many workers. Returns which of the listed tasks each worker must stop, because
 * its lease ended, and whether it has leases for other tasks. Leases that the worker ended itself
 * (`reported`) are omitted. Otherwise its waiting heartbeat would return for every task that it completes.
 * All statements lock workers in the same order.
 */
const record = defineStatement<HeartbeatRow, [heartbeats: string]>(
  (input) => sql`
    with heartbeats as materialized (
      select * from ${selectRecordset(input, "worker_id uuid, task_ids jsonb")} as b
    ),
    locked as materialized (
      select w.id, h.task_ids from (select * from heartbeats order by worker_id) as h
      cross join lateral (select id from joblib.worker where id = h.worker_id for no key update) as w
    ),
    updated as (
      update joblib.worker as w set last_heartbeat = clock_timestamp() from locked
      where w.id = locked.id returning w.id, w.last_heartbeat, w.drained_jobs, locked.task_ids
    )
    select updated.id as worker_id, updated.last_heartbeat::text as last_heartbeat,
      updated.drained_jobs is not null as draining,
      coalesce((
        select jsonb_agg(jsonb_build_object('task_id', listed.id, 'reason', listed.reason)) from (
          select n.id::uuid as id, (
            select case
              when t.status in ('claimed', 'running') and t.worker_id = updated.id then null
              when t.ended_lease_worker_id = updated.id then nullif(t.ended_lease_reason, 'reported')
              when t.status = 'cancelled' then 'cancelled'
              else 'lost' end
            from (select 1) as one left join joblib.task as t on t.id = n.id::uuid
          ) as reason
          from jsonb_array_elements_text(updated.task_ids) as n(id)
        ) as listed
        where listed.reason is not null
      ), '[]')::text as stop,
      exists (
        select 1 from joblib.task as t
        where t.worker_id = updated.id and t.status in ('claimed', 'running')
          and not updated.task_ids ? t.id::text
      ) as has_unlisted_tasks
    from updated`,
);

/** Records heartbeats. Returns the rows in no particular order. */
export const recordHeartbeats = (db: Sql, heartbeats: readonly Heartbeat[]) =>
  record(
    db,
    formatRecordset(heartbeats.map(({ workerId, taskIds }) => ({ worker_id: workerId, task_ids: taskIds }))),
  );

/**
 * Builds a CTE that records a heartbeat of workers, whose ids are passed as an array. It never waits for a
 * locked worker. Otherwise a claim that waits here and a sweep that waits for the task of the claim would
 * deadlock. It records at most five heartbeats per second for each worker, which is enough.
 */
export const touchWorkers = (ids: Placeholder | string): RawBuilder<unknown> => sql`
  touched as (
    update joblib.worker as w set last_heartbeat = clock_timestamp() from (
      -- Looked up one by one: with a list of ids, the planner scanned all workers, twice. A locked row keeps
      -- its ctid. A version that was written meanwhile is not visible here, and its heartbeat is recorded
      -- already.
      select l.tid from unnest(${ids}::uuid[]) as requested(id) cross join lateral (
        select ctid as tid from joblib.worker
        where id = requested.id and last_heartbeat < clock_timestamp() - interval '200 milliseconds'
        limit 1 for no key update skip locked
      ) as l
    ) as stale
    where w.ctid = stale.tid
  )`;

/** Builds the CTE of `touchWorkers` for one worker. */
export const touchWorker = (workerId: string): RawBuilder<unknown> => touchWorkers(formatArray([workerId]));

const MAX_WORKERS = 10_000;
const INTERVAL_MS = 200;

/**
 * Limits how often claims and completions update `last_heartbeat`. A statement without the update is 16 µs faster. The
 * update checks the stored time again, because other servers update it too.
 */
export class HeartbeatThrottle {
  readonly #updated = new LRUCache<string, true>({ max: MAX_WORKERS, ttl: INTERVAL_MS });

  /** Returns true if a worker's heartbeat is due, so that the next statement must update it. Records the update. */
  isUpdateDue(calls: readonly { readonly workerId: string }[]): boolean {
    let isDue = false;
    for (const { workerId } of calls) {
      if (this.#updated.has(workerId)) continue;
      this.#updated.set(workerId, true);
      isDue = true;
    }
    return isDue;
  }
}
