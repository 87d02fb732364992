import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";

/** Locks a worker until the transaction ends, so that it cannot be removed. Returns false if it is gone. */
export const lockWorkerForKeyShare = async (db: Sql, id: string): Promise<boolean> => {
  const { rows } = await sql<{ id: string }>`
    select id from joblib.worker where id = ${id}::uuid for key share`.execute(db);
  return rows.length > 0;
};

/** Links a worker to a job that it can run. Does nothing if the worker is draining. */
export const linkWorker = async (db: Sql, workerId: string, jobId: string): Promise<void> => {
  await sql`
    insert into joblib.worker_job (worker_id, job_id)
    select id, ${jobId}::uuid from joblib.worker where id = ${workerId}::uuid and drained_jobs is null
    on conflict do nothing`.execute(db);
};
