import { type RawBuilder, sql } from "kysely";

/**
 * A CTE that notes a sign of life of the workers whose ids `ids` selects. It never waits for another holder of a
 * worker's row (a claim waiting here while a sweep waits for its task would be a deadlock), and five notes a second
 * are enough.
 */
export const touchWorkers = (ids: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  touched as (
    update joblib.worker set last_heartbeat = clock_timestamp()
    where id in (
      select id from joblib.worker
      where id in (${ids}) and last_heartbeat < clock_timestamp() - interval '200 milliseconds'
      for no key update skip locked
    )
  )`;

/** The same for one worker. */
export const touchWorker = (workerId: string): RawBuilder<unknown> => touchWorkers(sql`${workerId}::uuid`);
