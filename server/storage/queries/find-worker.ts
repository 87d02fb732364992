import { sql } from "kysely";
import type { WorkerRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";

/** A worker, alive or not yet swept. */
export const findWorker = async (db: Sql, id: string) => {
  const { rows } = await sql<WorkerRow>`
    select id, name, user_id, last_heartbeat from joblib.worker where id = ${id}::uuid`.execute(db);
  return rows[0];
};

/** The jobs that a worker is linked to and that are still there. */
export const jobIdsOfWorker = async (db: Sql, id: string): Promise<string[]> => {
  const { rows } = await sql<{ job_id: string }>`
    select wj.job_id from joblib.worker_job as wj join joblib.job as j on j.id = wj.job_id
    where wj.worker_id = ${id}::uuid and j.removed_at is null order by wj.job_id`.execute(db);
  return rows.map((row) => row.job_id);
};
