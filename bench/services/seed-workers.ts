import { query } from "./postgres.ts";

/**
 * Inserts workers with SQL and links them to the job that the only existing worker has registered.
 * Registering 10,000 workers over HTTP would take minutes. Returns the ids of the new workers.
 */
export const seedWorkers = async (databaseUrl: string, count: number): Promise<string[]> => {
  const rows = await query(
    databaseUrl,
    `with copies as (
       insert into joblib.worker (id, name, user_id, last_heartbeat)
       select gen_random_uuid(), name, user_id, clock_timestamp() from joblib.worker, generate_series(1, $1::int)
       returning id
     )
     insert into joblib.worker_job (worker_id, job_id)
     select copies.id, registered.job_id from copies, joblib.worker_job as registered
     returning worker_id`,
    [count],
  );
  await query(databaseUrl, "analyze joblib.worker, joblib.worker_job");
  return rows.map(({ worker_id }) => String(worker_id));
};
