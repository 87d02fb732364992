import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";

/**
 * Drains a locked worker: moves its links to jobs into `drained_jobs`. Claims find a worker's jobs by its
 * links, so they no longer find any.
 */
export const drainWorker = async (db: Sql, id: string): Promise<void> => {
  await sql`
    with unlinked as (delete from joblib.worker_job where worker_id = ${id}::uuid returning job_id)
    update joblib.worker set drained_jobs =
      coalesce(drained_jobs, '[]') || coalesce((select jsonb_agg(job_id order by job_id) from unlinked), '[]')
    where id = ${id}::uuid`.execute(db);
};
