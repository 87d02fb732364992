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
 * Records the heartbeats of many workers. Returns which of the listed tasks each worker must stop,
 * because its lease ended, and whether the worker has leases for other tasks. Omits leases that the
 * worker ended itself (`reported`), because a heartbeat that stays open as a long poll would
 * otherwise return whenever the worker completes a task. All statements lock workers in the order
 * of their ids, so that they do not deadlock.
 */
const recordStatement = defineStatement<HeartbeatRow, [heartbeats: string]>(
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

/** Returns the rows in no particular order. */
export const recordHeartbeats = (db: Sql, heartbeats: readonly Heartbeat[]) =>
  recordStatement(
    db,
    formatRecordset(heartbeats.map(({ workerId, taskIds }) => ({ worker_id: workerId, task_ids: taskIds }))),
  );

/**
 * Builds a CTE that records a heartbeat of each worker in an array of ids. It skips locked workers,
 * because a claim that waits for a sweep of its worker would deadlock with a sweep that waits for
 * the task of the claim. It updates a worker at most five times per second, because more precision
 * is not needed.
 */
export const touchWorkers = (ids: Placeholder | string): RawBuilder<unknown> => sql`
  touched as (
    update joblib.worker as w set last_heartbeat = clock_timestamp() from (
      -- Each worker is looked up separately: with a list of ids, the planner scanned all workers,
      -- twice. The update finds the row by its ctid, which does not change while the row is locked.
      -- If another statement has updated the worker meanwhile, the update finds no row, but the
      -- heartbeat is recorded already.
      select l.tid from unnest(${ids}::uuid[]) as requested(id) cross join lateral (
        select ctid as tid from joblib.worker
        where id = requested.id and last_heartbeat < clock_timestamp() - interval '200 milliseconds'
        limit 1 for no key update skip locked
      ) as l
    ) as stale
    where w.ctid = stale.tid
  )`;

export const touchWorker = (workerId: string): RawBuilder<unknown> => touchWorkers(formatArray([workerId]));

const MAX_REMEMBERED_WORKERS = 10_000;
const MIN_INTERVAL_MS = 200;

/**
 * Limits how often this server updates `last_heartbeat` in claims and completions, because a
 * statement without the update is 16 µs faster. The statement checks the stored time again, because
 * other servers update it too.
 */
export class HeartbeatThrottle {
  readonly #updated = new LRUCache<string, true>({ max: MAX_REMEMBERED_WORKERS, ttl: MIN_INTERVAL_MS });

  /**
   * Returns true if one of the workers was not updated within the interval, so that the next
   * statement must update `last_heartbeat`. Remembers the update.
   */
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
