import { sql } from "kysely";
import { type JobAddress, MAX_TASKS_SHOWN, type Worker } from "../../../../protocol/index.ts";
import { isUuid } from "../../ids.ts";
import type { WorkerDetailsRecord, WorkerDetailsStorage } from "../../ports/workers.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../../rows.ts";
import { formatTimeInSql } from "../../sql/time-text.ts";
import { Queries } from "../queries.ts";
import { lockWorkerForUpdate } from "./remove-worker.ts";
import { selectListColumns, WORKER_JOBS } from "./workers.ts";

export class WorkerDetails extends Queries implements WorkerDetailsStorage {
  async find(id: string, aliveWithinSeconds: number): Promise<WorkerDetailsRecord | undefined> {
    if (!isUuid(id)) return undefined;
    const worker = await this.readRow(sql<Worker>`
      select ${selectListColumns(aliveWithinSeconds)} from joblib.worker as w where w.id = ${id}::uuid`);
    if (worker === undefined) return undefined;
    const jobs = await this.readRows(sql<JobAddress>`
      select j.room_id as "roomId", j.category, j.name from joblib.worker as w cross join lateral (
        select j.* from ${WORKER_JOBS} where j.removed_at is null
      ) as j
      where w.id = ${id}::uuid order by j.room_id, j.category, j.name`);
    const leased = await this.readRows(sql<TaskRow & { claimed_at: string }>`
      ${selectTasks("joblib.task", sql`, ${formatTimeInSql(sql`t.claimed_at`)} as claimed_at`)}
      where t.worker_id = ${id}::uuid and t.status in ('claimed', 'running')
      order by t.claimed_at, t.id limit ${MAX_TASKS_SHOWN}::int`);
    const leasedTasks = leased.map((row) => ({ record: toTaskRecord(row), claimedAt: row.claimed_at }));
    return { worker, jobs, leasedTasks };
  }

  async drain(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    return this.sessions.transaction(async (db) => {
      // The lock waits for registrations and claims of the worker that are in progress.
      if (!(await lockWorkerForUpdate(db, id))) return false;
      // Claims find a worker's jobs by its links, so claims no longer find any job of this worker.
      await sql`
        with unlinked as (delete from joblib.worker_job where worker_id = ${id}::uuid returning job_id)
        update joblib.worker set drained_jobs =
          coalesce(drained_jobs, '[]') || coalesce((select jsonb_agg(job_id order by job_id) from unlinked), '[]')
        where id = ${id}::uuid`.execute(db);
      await sql`delete from joblib.worker_provider where worker_id = ${id}::uuid`.execute(db);
      return true;
    });
  }
}
