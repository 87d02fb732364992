import { type RawBuilder, sql } from "kysely";
import type { TaskRecord, WorkerRemoval } from "../../records.ts";
import { setAttemptFailed, setRequeued } from "../queue/statements/transition-values.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import { formatArray, readRows } from "../sql/statement.ts";

/**
 * Locks a worker that deregisters or is drained. Returns false if the worker is gone. Waits for the
 * worker's concurrent claims, so that the next statement sees their tasks.
 */
export async function lockWorkerForUpdate(db: Sql, id: string): Promise<boolean> {
  const locked = await readRows(db, sql`select id from joblib.worker where id = ${id}::uuid for update`);
  return locked.length > 0;
}

/**
 * Removes a worker that this transaction has locked, ends its leases and removes its unused jobs.
 */
export async function removeLockedWorker(db: Sql, id: string, error: string): Promise<WorkerRemoval> {
  const jobIds = await deleteWorker(db, id);
  const tasks = await endWorkerTasks(db, id, error);
  // Jobs are locked last to avoid a deadlock: a submit or a registration that has locked a job does
  // not wait for the lock of a task or a worker. All statements that lock several jobs use the same
  // order.
  const { rows: jobs } = await sql<{ roomId: string }>`
    select j.room_id as "roomId" from joblib.job as j where j.id = any(${formatArray(jobIds)}::uuid[])
    order by j.id for update`.execute(db);
  const removedJobs = await removeLockedIdleJobs(db, jobIds);
  return { tasks, removedJobs, rooms: [...new Set(jobs.map(({ roomId }) => roomId))] };
}

/**
 * Deletes a worker and its links. Returns the ids of the jobs that it was linked to, now or before
 * it was drained.
 */
async function deleteWorker(db: Sql, id: string): Promise<string[]> {
  const linked = await sql<{ job_id: string }>`
    delete from joblib.worker_job where worker_id = ${id}::uuid returning job_id`.execute(db);
  const deleted = await sql<{ drained: string | null }>`
    delete from joblib.worker where id = ${id}::uuid returning drained_jobs::text as drained`.execute(db);
  return [...linked.rows.map((row) => row.job_id), ...JSON.parse(deleted.rows[0]?.drained ?? "[]")];
}

/**
 * Requeues the claimed tasks of a worker, and fails the current attempts of its running tasks. A
 * task with attempts left is retried.
 */
async function endWorkerTasks(db: Sql, workerId: string, error: string): Promise<TaskRecord[]> {
  const update = (status: "claimed" | "running", values: RawBuilder<unknown>) => sql<TaskRow>`
    with updated as (
      update joblib.task as t set ${values}
      where t.worker_id = ${workerId}::uuid and t.status = ${sql.lit(status)} returning t.*
    ) ${selectTasks("updated")} order by t.number`;
  // Requeues the claimed tasks before it ends the running attempts. If the worker starts a task at
  // the same time, the first statement skips the task, and the second one finds it as running. In
  // the reverse order, both statements would miss it.
  const requeued = await readRows(db, update("claimed", setRequeued("lost")));
  const values = setAttemptFailed({ error: sql`${error}::text`, leaseEnd: "lost" });
  const failed = await readRows(db, update("running", values));
  return [...requeued, ...failed].map(toTaskRecord);
}

// One subquery for each status, so that each uses its own partial index.
const isIdle = sql`j.removed_at is null
  and not exists (select 1 from joblib.worker_job as wj where wj.job_id = j.id)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status = 'pending' and t.due)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status = 'pending' and not t.due)
  and not exists (select 1 from joblib.task as t where t.job_id = j.id and t.status in ('claimed', 'running'))`;

/**
 * Removes jobs that have neither workers nor unfinished tasks. Skips jobs that another transaction
 * has locked.
 */
export async function removeIdleJobs(db: Sql, limit: number) {
  const idle = await readRows(
    db,
    sql<{ id: string }>`
      select j.id from joblib.job as j where ${isIdle} order by j.id limit ${limit}::int for update skip locked`,
  );
  const ids = idle.map(({ id }) => id);
  return ids.length === 0 ? [] : removeLockedIdleJobs(db, ids);
}

/**
 * Marks locked jobs as removed if they are idle. This is a separate statement, because its snapshot
 * must include everything that was committed before the jobs were locked.
 */
export const removeLockedIdleJobs = (db: Sql, ids: readonly string[]) =>
  readRows(
    db,
    sql<{ readonly id: string; readonly roomId: string }>`
      with removed as (
        update joblib.job as j set removed_at = clock_timestamp()
        where j.id = any(${formatArray(ids)}::uuid[]) and ${isIdle}
        returning j.id, j.room_id as "roomId"
      ),
      deleted_queues as (delete from joblib.room_queue where job_id in (select id from removed))
      select * from removed`,
  );
