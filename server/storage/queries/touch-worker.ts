import { type RawBuilder, sql } from "kysely";
import { formatArray } from "./array-text.ts";
import type { Placeholder } from "./statement.ts";

/**
 * A CTE that notes a sign of life of the workers, whose ids come as an array. It never waits for another holder of a
 * worker's row (a claim waiting here while a sweep waits for its task would be a deadlock), and five notes a second
 * are enough.
 */
export const touchWorkers = (ids: Placeholder | string): RawBuilder<unknown> => sql`
  touched as (
    update joblib.worker as w set last_heartbeat = clock_timestamp() from (
      -- One by one, by id: in a list they were looked for among all workers, and those among all workers again. Locked
      -- rows stay where they are; one that was noted meanwhile is not seen there, and needs no note.
      select l.tid from unnest(${ids}::uuid[]) as named(id) cross join lateral (
        select ctid as tid from joblib.worker
        where id = named.id and last_heartbeat < clock_timestamp() - interval '200 milliseconds'
        limit 1 for no key update skip locked
      ) as l
    ) as stale
    where w.ctid = stale.tid
  )`;

/** The same for one worker. */
export const touchWorker = (workerId: string): RawBuilder<unknown> => touchWorkers(formatArray([workerId]));
