import { type RawBuilder, sql } from "kysely";
import { formatArray, type Placeholder } from "../../sql/statement.ts";

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
