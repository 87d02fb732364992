import { sql } from "kysely";
import { setAttemptFailed, setRequeued } from "../../queue/statements/lease-end.ts";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";

/**
 * Locks a worker that deregisters or is drained. Returns false if it is gone. Waits for the worker's
 * concurrent claims, so that the next statement sees their tasks.
 */
export const lockWorkerForUpdate = async (db: Sql, id: string): Promise<boolean> => {
  const { rows } = await sql<{ id: string }>`
    select id from joblib.worker where id = ${id}::uuid for update`.execute(db);
  return rows.length > 0;
};

/**
 * Locks a worker if it is still stale. Returns false if it has sent a heartbeat, is gone, or is locked by a
 * claim or another sweep.
 */
export const lockStaleWorker = async (db: Sql, id: string, thresholdSeconds: number): Promise<boolean> => {
  const { rows } = await sql<{ id: string }>`
    select id from joblib.worker
    where id = ${id}::uuid
      and last_heartbeat < clock_timestamp() - make_interval(secs => ${thresholdSeconds}::float8)
    for update skip locked`.execute(db);
  return rows.length > 0;
};

/** Returns the ids of workers whose last heartbeat is older than the threshold, oldest first. */
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

/**
 * Deletes a locked worker and its links. Returns the ids of the jobs that it was linked to, now or before it
 * was drained.
 */
export const deleteWorker = async (db: Sql, id: string): Promise<string[]> => {
  const linked = await sql<{ job_id: string }>`
    delete from joblib.worker_job where worker_id = ${id}::uuid returning job_id`.execute(db);
  const deleted = await sql<{ drained_jobs: string | null }>`
    delete from joblib.worker where id = ${id}::uuid returning drained_jobs::text as drained_jobs`.execute(
    db,
  );
  return [...linked.rows.map((row) => row.job_id), ...JSON.parse(deleted.rows[0]?.drained_jobs ?? "[]")];
};

/**
 * Requeues the claimed tasks of a locked worker and ends the attempts of its running tasks, which are pending
 * again if attempts are left and otherwise fail.
 */
export const endWorkerTasks = async (db: Sql, workerId: string, error: string): Promise<TaskRow[]> => {
  // Claimed tasks are requeued first. If one is started between the two statements, the second statement
  // finds it.
  const requeued = await sql<TaskRow>`
    with updated as (
      update joblib.task as t set ${setRequeued("lost")}
      where t.worker_id = ${workerId}::uuid and t.status = 'claimed' returning t.*
    ) ${selectTasks("updated")} order by t.number`.execute(db);
  const failed = await sql<TaskRow>`
    with updated as (
      update joblib.task as t set ${setAttemptFailed({ error: sql`${error}::text`, leaseEnd: "lost" })}
      where t.worker_id = ${workerId}::uuid and t.status = 'running' returning t.*
    ) ${selectTasks("updated")} order by t.number`.execute(db);
  return [...requeued.rows, ...failed.rows];
};
