import { sql } from "kysely";
import type { WorkerRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement } from "../../sql/statement.ts";
import { WORKER_COLUMNS } from "./list-workers.ts";

/** Returns a worker, even if it is stale and has not been swept yet. */
export const findWorker = async (db: Sql, id: string) => {
  const { rows } = await sql<WorkerRow>`
    select ${WORKER_COLUMNS} from joblib.worker as w where w.id = ${id}::uuid`.execute(db);
  return rows[0];
};

/** Returns the ids of the registered jobs that a worker is linked to. */
export const findWorkerJobIds = async (db: Sql, id: string): Promise<string[]> => {
  const { rows } = await sql<{ job_id: string }>`
    select wj.job_id from joblib.worker_job as wj join joblib.job as j on j.id = wj.job_id
    where wj.worker_id = ${id}::uuid and j.removed_at is null order by wj.job_id`.execute(db);
  return rows.map((row) => row.job_id);
};

/** A worker's job ids as a JSON list, and the key of this set, which claims use (`job_set`). */
interface JobSetRow {
  jobIds: string;
  key: string;
}

/** Reads the set of jobs of a worker. */
export const findWorkerJobSet = defineStatement<JobSetRow, [workerId: string]>(
  (workerId) => sql`
    select array_to_json(jobs)::text as "jobIds", md5(jobs::text) as key from (
      select array(
        select wj.job_id from joblib.worker_job as wj
        where wj.worker_id = ${workerId}::uuid
          and (select j.removed_at is null from joblib.job as j where j.id = wj.job_id)
        order by wj.job_id
      ) as jobs
    ) as l`,
);
