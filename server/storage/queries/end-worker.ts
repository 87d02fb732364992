import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { setAttemptFailed, setRequeued } from "./lease-end.ts";

/** Locks a worker that leaves; false where it is gone. Waits for its claims in flight, so that the next statement sees them. */
export const lockWorkerForUpdate = async (db: Sql, id: string): Promise<boolean> => {
  const { rows } = await sql<{ id: string }>`
    select id from joblib.worker where id = ${id}::uuid for update`.execute(db);
  return rows.length > 0;
};

/** Locks a worker that is still stale; false where it came back, is busy this moment, or is another sweeper's. */
export const lockStaleWorker = async (db: Sql, id: string, thresholdSeconds: number): Promise<boolean> => {
  const { rows } = await sql<{ id: string }>`
    select id from joblib.worker
    where id = ${id}::uuid
      and last_heartbeat < clock_timestamp() - make_interval(secs => ${thresholdSeconds}::float8)
    for update skip locked`.execute(db);
  return rows.length > 0;
};

/** The ids of workers without a sign of life for so long, longest first. */
export const findStaleWorkerIds = async (
  db: Sql,
  thresholdSeconds: number,
  limit: number,
): Promise<string[]> => {
  const { rows } = await sql<{ id: string }>`
    select id from joblib.worker
    where last_heartbeat < clock_timestamp() - make_interval(secs => ${thresholdSeconds}::float8)
    order by last_heartbeat limit ${limit}::int`.execute(db);
  return rows.map(({ id }) => id);
};

/** Removes a locked worker and its links; tells which jobs it was linked to, or was until it was drained. */
export const deleteWorker = async (db: Sql, id: string): Promise<string[]> => {
  const linked = await sql<{ job_id: string }>`
    delete from joblib.worker_job where worker_id = ${id}::uuid returning job_id`.execute(db);
  const ended = await sql<{ drained_jobs: string | null }>`
    delete from joblib.worker where id = ${id}::uuid returning drained_jobs::text as drained_jobs`.execute(
    db,
  );
  return [...linked.rows.map((row) => row.job_id), ...JSON.parse(ended.rows[0]?.drained_jobs ?? "[]")];
};

/** A locked worker's claimed tasks are pending again, its running ones fail or are tried again. */
export const endWorkerTasks = async (db: Sql, workerId: string, error: string): Promise<TaskRow[]> => {
  // Claimed before running: one that is started in between is met by the second statement.
  const putBack = await sql<TaskRow>`
    with moved as (
      update joblib.task as t set ${setRequeued("lost")}
      where t.worker_id = ${workerId}::uuid and t.status = 'claimed' returning t.*
    ) ${selectTasks("moved")} order by t.number`.execute(db);
  const ended = await sql<TaskRow>`
    with moved as (
      update joblib.task as t set ${setAttemptFailed({ error: sql`${error}::text`, leaseEnd: "lost" })}
      where t.worker_id = ${workerId}::uuid and t.status = 'running' returning t.*
    ) ${selectTasks("moved")} order by t.number`.execute(db);
  return [...putBack.rows, ...ended.rows];
};
